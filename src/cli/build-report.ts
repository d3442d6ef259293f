/** What a finished build says: to people on standard error, to programs in files. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { BuildResult, Warning, WrittenOutput } from "../build/index.ts";
import { usageError } from "../errors/cli.ts";
import { formatSize } from "./sizes.ts";
import { paint, printable } from "./style.ts";

export function reportResult(result: BuildResult): void {
  showWarnings(result.warnings);
  const { format, digest, size, names, file } = result;
  const [name] = names;
  const lines = [`${paint("bold", `${title(format)} ${digest}`)} (${formatSize(size)})`];
  const runs = format === "component" || format === "module";
  if (runs && name !== undefined) lines.push(`named ${names.join(", ")}`);
  const others = result.outputs.length > 1;
  for (const output of result.outputs) {
    if (output.file !== undefined)
      lines.push(`${others ? `${title(output.kind)} ` : ""}written to ${printable(shortPath(output))}`);
  }
  const stays = result.outputs.every((output) => output.file === undefined) && file !== undefined;
  if (stays && name === undefined) lines.push(`kept at ${printable(file)}`);
  if (runs && file !== undefined) {
    const written = result.outputs.find(({ kind }) => kind === format);
    const place = written?.file === undefined ? file : shortPath(written);
    lines.push(`run it: boxwright run ${name ?? printable(place)}`);
  }
  process.stderr.write(`${lines.join("\n")}\n`);
}

const titles: Readonly<Partial<Record<BuildResult["format"], string>>> = {
  oci: "oci image",
  docker: "docker image",
  local: "files of image",
};

const title = (kind: BuildResult["format"]) => titles[kind] ?? kind;

/** As people wrote it: relative where it is below the current directory. */
function shortPath({ file = "" }: WrittenOutput): string {
  const relative = path.relative("", file);
  if (relative === "") return ".";
  return relative.startsWith("..") || path.isAbsolute(relative) ? file : relative;
}

function showWarnings(warnings: readonly Warning[]): void {
  if (warnings.length === 0) return;
  const lines = warnings.map(({ code, message, range }) => {
    const line = range === undefined ? "" : ` (line ${range.start.line})`;
    return ` - ${paint("yellow", code)}: ${printable(message)}${line}`;
  });
  const count = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
  process.stderr.write(`${count}:\n${lines.join("\n")}\n`);
}

/** Throws USAGE where a file cannot be written. */
export async function writeResultFiles(
  result: BuildResult,
  files: { readonly iidfile?: string; readonly metadataFile?: string },
): Promise<void> {
  const isImage = result.format !== "component" && result.format !== "module";
  // As buildx: an image is known by its configuration.
  if (files.iidfile !== undefined) await write(files.iidfile, isImage ? result.imageId : result.digest);
  if (files.metadataFile === undefined) return;
  await write(files.metadataFile, `${JSON.stringify(resultMetadata(result), undefined, 2)}\n`);
}

/** The names of buildx's --metadata-file, and ours. */
function resultMetadata(result: BuildResult): Readonly<Record<string, unknown>> {
  const descriptor = result.outputs.find((output) => output.descriptor !== undefined)?.descriptor;
  const hasDigest = result.format !== "local" && result.format !== "tar";
  return {
    ...(hasDigest ? { "containerimage.digest": result.digest } : {}),
    "containerimage.config.digest": result.imageId,
    ...(descriptor === undefined ? {} : { "containerimage.descriptor": descriptor }),
    ...(result.names.length === 0 ? {} : { "image.name": result.names.join(",") }),
    "boxwright.format": result.format,
    "boxwright.size": result.size,
    "boxwright.file": result.file,
    "boxwright.outputs": result.outputs.map(({ kind, digest, size, file }) => ({ kind, digest, size, file })),
    "boxwright.runtime": result.runtime,
    "boxwright.warnings": result.warnings,
  };
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw usageError(`${file} cannot be written: ${(cause as Error).message}`);
  }
}
