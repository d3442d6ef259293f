/** Templates: a guest and the kernel in one file, with the two segments that bundling fills in. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco";
import { inspectWasm } from "../../src/component/index.ts";
import type { OutputFormat, Port, TemplateManifest } from "../../src/component/types.ts";
import { mergeKernel } from "../kernel/merge.ts";
import { sha256 } from "./archive.ts";
import { writeWhole } from "./stamp.ts";
import { findPlaceholders } from "./wasm/placeholders.ts";

export interface TemplateKind {
  readonly file: string;
  readonly format: OutputFormat;
  readonly port: Port;
}

/** What every preview-1 guest is built into. */
export const TEMPLATE_KINDS: readonly TemplateKind[] = [
  { file: "component.wasm", format: "component", port: "wasip2" },
  { file: "module.wasm", format: "module", port: "wasip1" },
];

/** What the templates are made of and by, besides the guest; paths from the root. */
export const TEMPLATE_INPUTS = [
  "runtimes/kernel/prebuilt",
  "runtimes/kernel/wasip2.wit",
  "scripts/kernel",
  "scripts/runtimes",
  "node_modules/binaryen/package.json",
  "node_modules/@bytecodealliance/jco/package.json",
];

/** Writes the template into `directory`. */
export async function buildTemplate(root: string, directory: string, guest: Uint8Array, kind: TemplateKind) {
  const memories = kind.format === "component" ? "two" : "one";
  const merged = await mergeKernel({ guest, port: kind.port, memories });
  const template = kind.format === "component" ? await componentOf(root, merged) : merged;
  writeWhole(join(directory, kind.file), template);
}

async function componentOf(root: string, binary: Uint8Array): Promise<Uint8Array> {
  const witSource = readFileSync(join(root, "runtimes/kernel/wasip2.wit"), "utf8");
  const embedded = await componentEmbed({ binary, witSource, world: "command" });
  return componentNew(embedded);
}

export function describeTemplate(directory: string, kind: TemplateKind): TemplateManifest {
  const path = join(directory, kind.file);
  const bytes = readFileSync(path);
  const { imports, exports, modules } = inspectWasm(path);
  const core = modules[0]!;
  const names =
    kind.format === "component"
      ? { imports: imports.map(({ name }) => name), exports: exports.map(({ name }) => name) }
      : {
          imports: core.imports.map(({ module, name }) => `${module}.${name}`),
          exports: core.exports.map(({ name }) => name),
        };
  return { ...kind, sha256: sha256(bytes), ...findPlaceholders(bytes), ...names };
}
