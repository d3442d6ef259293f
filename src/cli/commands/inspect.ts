import type { Command } from "commander";
import type { ComponentMetadata, WasmFile } from "../../component/index.ts";
import { columns, formatSize } from "../sizes.ts";
import { openHomeStore } from "../state.ts";

export function define(command: Command): void {
  command
    .argument("<image>", "a name of `boxwright images`, or a .wasm file")
    .option("--json", "one JSON document", false)
    .action(execute);
}

async function execute(image: string, flags: { readonly json: boolean }): Promise<void> {
  const { resolveWasm } = await import("../../results/index.ts");
  const { inspectWasm, readMetadata } = await import("../../component/inspect.ts");
  const { file } = await resolveWasm(image, openHomeStore);
  const outline = inspectWasm(file);
  const metadata = readMetadata(file);
  const report = {
    file,
    format: outline.format,
    size: outline.size,
    capabilities: capabilities(outline),
    metadata,
  };
  process.stdout.write(flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : describe(report));
}

interface Report {
  readonly file: string;
  readonly format: string;
  readonly size: number;
  /** What the file imports: all that it can ask of a host. */
  readonly capabilities: readonly string[];
  readonly metadata: ComponentMetadata | undefined;
}

function capabilities(outline: WasmFile): readonly string[] {
  if (outline.format === "component") return outline.imports.map(({ name }) => name).sort();
  const imports = outline.modules[0]?.imports ?? [];
  return imports.map(({ module, name }) => `${module}.${name}`).sort();
}

function describe({ file, format, size, capabilities, metadata }: Report): string {
  const lines = [`${file}: ${format}, ${formatSize(size)}`];
  if (metadata === undefined) lines.push("not made by Boxwright");
  else {
    const { runtime, rom, index, layers } = metadata;
    lines.push(
      `made by Boxwright ${metadata.boxwright}; runtime ${runtime.name} ${runtime.version}, kernel ${runtime.kernel}, port ${metadata.port}`,
      "",
      ...describeConfig(metadata),
      "",
      `Files: ${index.inodes} inodes in ${formatSize(index.size)}; ${rom.files} files, ${rom.uniqueFiles} different, ${formatSize(rom.size)}`,
      "Layers:",
      columns(
        layers.map((layer) => ["", formatSize(layer.size), layer.diffId.slice(7, 19), layer.createdBy]),
      ),
    );
  }
  lines.push("", "Capabilities (all that it imports):", ...capabilities.map((name) => `   ${name}`));
  return `${lines.join("\n")}\n`;
}

function describeConfig({ config: { config } }: ComponentMetadata): readonly string[] {
  const rows: (readonly [string, string])[] = [];
  const json = (value: unknown) => JSON.stringify(value);
  if (config.Entrypoint !== undefined) rows.push(["Entrypoint", json(config.Entrypoint)]);
  if (config.Cmd !== undefined) rows.push(["Cmd", json(config.Cmd)]);
  if (config.WorkingDir) rows.push(["WorkingDir", config.WorkingDir]);
  if (config.User) rows.push(["User", config.User]);
  for (const [index, pair] of (config.Env ?? []).entries()) rows.push([index === 0 ? "Env" : "", pair]);
  for (const [index, [key, value]] of Object.entries(config.Labels ?? {}).entries()) {
    rows.push([index === 0 ? "Labels" : "", `${key}=${value}`]);
  }
  const ports = Object.keys(config.ExposedPorts ?? {});
  if (ports.length > 0) rows.push(["ExposedPorts", ports.join(", ")]);
  const volumes = Object.keys(config.Volumes ?? {});
  if (volumes.length > 0) rows.push(["Volumes", volumes.join(", ")]);
  return rows.length === 0 ? [] : columns(rows).split("\n");
}
