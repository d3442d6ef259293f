/**
 * Compiles the kernel: `npm run build:kernel`, or with `--check` to tell whether runtimes/kernel/prebuilt is what
 * the sources give (exit code 1 if not). Needs Debian's clang-19 and lld-19.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { binaryen } from "./kernel/binaryen.ts";
import {
  type KernelFile,
  type KernelManifest,
  type KernelMemories,
  type KernelPort,
  kernelFile,
  STACK_SIZE,
} from "./kernel/merge.ts";
import {
  dynamicMemorySize,
  editModule,
  isEmptyFunction,
  trimDataSegment,
  withoutCustom,
} from "./kernel/module-edit.ts";
import { readExports, readModule, SECTION, writeModule } from "./runtimes/wasm/module.ts";

const run = promisify(execFile);
const RELEASE = "0.1.0";
const SOURCES = fileURLToPath(new URL("../runtimes/kernel/", import.meta.url));
const PREBUILT = join(SOURCES, "prebuilt");
const FOLDERS = ["vfs", "process", "personality"];

/** Would put addresses into the data of a "one" build at start; the sources have no such data, which compile() checks. */
const RELOCATIONS = "__wasm_apply_data_relocs";

const COMPILER_FLAGS = [
  "--target=wasm32",
  "-std=c17",
  "-O2",
  "-flto",
  "-nostdlib",
  "-ffreestanding",
  "-fvisibility=hidden",
  // Only what every engine takes.
  ...["-mcpu=mvp", "-mbulk-memory", "-msign-ext", "-mmutable-globals"],
  ...["-Wall", "-Wextra", "-Werror", "-Wno-missing-braces"],
  "-fuse-ld=/usr/bin/wasm-ld-19",
  "-Wl,--no-entry",
];

const LINKER_FLAGS: Readonly<Record<KernelMemories, readonly string[]>> = {
  // The stack lies below the data: an overflow leaves the memory, and traps.
  two: ["-Wl,--stack-first", `-Wl,-z,stack-size=${STACK_SIZE}`, "-Wl,--export-memory"],
  one: ["-fPIC", "-Wl,--experimental-pic", "-Wl,-shared"],
};

async function sources(port: KernelPort): Promise<readonly string[]> {
  const files = ["libc.c", "memory.c", "index.c", `port/${port}.c`];
  for (const folder of FOLDERS) {
    const names = (await readdir(join(SOURCES, folder))).filter((name) => name.endsWith(".c"));
    files.push(...names.map((name) => `${folder}/${name}`));
  }
  return files.sort();
}

async function compile(
  port: KernelPort,
  memories: KernelMemories,
  directory: string,
): Promise<{ readonly bytes: Uint8Array; readonly dataSize?: number }> {
  const [raw, glue, linked] = ["raw.wasm", "glue.wasm", "linked.wasm"].map((name) => join(directory, name));
  const flags = [...COMPILER_FLAGS, ...LINKER_FLAGS[memories]];
  // Relative names, so that the directory of the checkout reaches no output.
  await run("clang-19", [...flags, ...(await sources(port)), "-o", raw!], { cwd: SOURCES });
  await binaryen("wasm-as", [join(SOURCES, "glue", `${memories}.wat`), "-o", glue!]);
  const compiled = await readFile(raw!);
  if (memories === "one" && !isEmptyFunction(compiled, RELOCATIONS)) {
    throw new Error("the kernel's data holds addresses: a one-memory build cannot relocate them");
  }
  const dataSize = memories === "one" ? dynamicMemorySize(compiled) : undefined;
  await writeFile(raw!, memories === "one" ? trimDataSegment(compiled) : compiled);
  await binaryen("wasm-merge", [raw!, "kernel", glue!, "env", "--skip-export-conflicts", "-o", linked!]);
  await writeFile(linked!, editModule(await readFile(linked!), { exports: exportNames(compiled, memories) }));
  await binaryen("wasm-opt", ["-O3", "--strip-debug", "--strip-producers", linked!, "-o", linked!]);
  const bytes = writeModule(withoutCustom(readModule(await readFile(linked!))));
  return dataSize === undefined ? { bytes } : { bytes, dataSize };
}

/** The exported functions as they are, and in a "two" build the memory under a name that no guest has. */
function exportNames(compiled: Uint8Array, memories: KernelMemories): ReadonlyMap<string, string> {
  const section = readModule(compiled).find(({ id }) => id === SECTION.export);
  const functions = readExports(section!.body).filter(({ kind }) => kind === 0);
  const names = new Map(functions.map(({ name }) => [name, name]));
  names.delete(RELOCATIONS);
  if (memories === "two") names.set("memory", "kernel_memory");
  return names;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  const names = await readdir(SOURCES, { recursive: true });
  for (const name of names.filter((name) => /\.(c|h|wat)$/.test(name)).sort()) {
    hash.update(`${name}\0`).update(await readFile(join(SOURCES, name)));
  }
  return hash.digest("hex");
}

/** All files of runtimes/kernel/prebuilt, by name. */
export async function buildKernel(): Promise<ReadonlyMap<string, Uint8Array>> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-kernel-"));
  const outputs = new Map<string, Uint8Array>();
  const files: Record<string, KernelFile> = {};
  try {
    for (const port of ["wasip1", "wasip2"] as const) {
      for (const memories of ["two", "one"] as const) {
        const { bytes, dataSize } = await compile(port, memories, directory);
        const name = kernelFile(port, memories);
        outputs.set(name, bytes);
        files[name] = { sha256: sha256(bytes), ...(dataSize === undefined ? {} : { dataSize }) };
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const sourcesSha256 = await hashSources();
  const manifest: KernelManifest = {
    version: `${RELEASE}+${sourcesSha256.slice(0, 12)}`,
    sourcesSha256,
    files,
  };
  outputs.set("manifest.json", Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`));
  return outputs;
}

/** Names of the committed files that differ from a rebuild. */
export async function checkKernel(): Promise<readonly string[]> {
  const different: string[] = [];
  for (const [name, bytes] of await buildKernel()) {
    const committed = await readFile(join(PREBUILT, name)).catch(() => undefined);
    if (committed === undefined || !committed.equals(bytes)) different.push(name);
  }
  return different;
}

async function main(): Promise<void> {
  if (process.argv.includes("--check")) {
    const different = await checkKernel();
    if (different.length === 0) return;
    console.error(
      `runtimes/kernel/prebuilt is out of date: ${different.join(", ")} (run npm run build:kernel)`,
    );
    process.exitCode = 1;
    return;
  }
  await mkdir(PREBUILT, { recursive: true });
  for (const [name, bytes] of await buildKernel()) await writeFile(join(PREBUILT, name), bytes);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
