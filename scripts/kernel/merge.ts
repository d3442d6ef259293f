import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binaryen } from "./binaryen.ts";
import { editModule, growMemory, PAGE_SIZE, placeDataSegment } from "./module-edit.ts";

export type KernelPort = "wasip1" | "wasip2";
/** "two": the kernel has a memory of its own (components). "one": it lives in the guest's (plain modules). */
export type KernelMemories = "two" | "one";

/** runtimes/kernel/prebuilt/manifest.json. */
export interface KernelManifest {
  /** The release, and the first digits of the sources' sha256. */
  readonly version: string;
  readonly sourcesSha256: string;
  readonly files: Readonly<Record<string, KernelFile>>;
}

export interface KernelFile {
  readonly sha256: string;
  /** Bytes of static data that a "one" build needs, placed above its stack. */
  readonly dataSize?: number;
}

/** Bytes of the kernel's stack in the guest's memory. */
export const STACK_SIZE = PAGE_SIZE;
const PREBUILT = new URL("../../runtimes/kernel/prebuilt/", import.meta.url);

export async function readKernelManifest(): Promise<KernelManifest> {
  return JSON.parse(await readFile(new URL("manifest.json", PREBUILT), "utf8")) as KernelManifest;
}

export function kernelFile(port: KernelPort, memories: KernelMemories): string {
  return `kernel-${port}-${memories}.wasm`;
}

export interface MergeRequest {
  /** A preview-1 command module with the exports that docs/kernel.md lists. */
  readonly guest: Uint8Array;
  readonly port: KernelPort;
  readonly memories: KernelMemories;
  /** Further exports of the merged module: the name before, and after. */
  readonly exports?: ReadonlyMap<string, string>;
}

/**
 * Merges the prebuilt kernel with a guest: the result is a core module with the placeholder segments, whose entry is
 * `_start` (port wasip1) or `wasi:cli/run@0.2.0#run` (port wasip2).
 */
export async function mergeKernel(request: MergeRequest): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-kernel-"));
  try {
    const merged = request.memories === "two" ? mergeTwo(request, directory) : mergeOne(request, directory);
    return editModule(await merged, {
      exports: new Map([...exportNames(request), ...(request.exports ?? [])]),
      importModules: new Map([["host_p1", "wasi_snapshot_preview1"]]),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function exportNames({ port, memories }: MergeRequest): ReadonlyMap<string, string> {
  // The host sees the memory in which the kernel's port has its buffers.
  const memory = [memories === "two" ? "kernel_memory" : "memory", "memory"] as const;
  const exitCode = ["boxwright_exit_code", "boxwright_exit_code"] as const;
  if (port === "wasip1") return new Map([memory, ["kernel_start", "_start"], exitCode]);
  return new Map([
    memory,
    ["kernel_run", "wasi:cli/run@0.2.0#run"],
    ["cabi_realloc", "cabi_realloc"],
    exitCode,
  ]);
}

async function mergeTwo({ guest, port }: MergeRequest, directory: string): Promise<Uint8Array> {
  const guestFile = join(directory, "guest.wasm");
  await writeFile(guestFile, guest);
  return mergeGuest(guestFile, fileURLToPath(new URL(kernelFile(port, "two"), PREBUILT)), directory);
}

/** The kernel's stack and data go above the guest's initial memory, which grows by as much. */
async function mergeOne({ guest, port }: MergeRequest, directory: string): Promise<Uint8Array> {
  const name = kernelFile(port, "one");
  const dataSize = (await readKernelManifest()).files[name]?.dataSize;
  if (dataSize === undefined) throw new Error(`the kernel's manifest does not know ${name}`);
  const grown = growMemory(guest, Math.ceil((STACK_SIZE + dataSize) / PAGE_SIZE));
  const stackTop = grown.pages * PAGE_SIZE + STACK_SIZE;

  const files = ["guest.wasm", "kernel.wasm", "place.wat", "placed.wasm"];
  const [guestFile, kernel, place, placed] = files.map((file) => join(directory, file));
  await writeFile(guestFile!, grown.bytes);
  await writeFile(kernel!, placeDataSegment(await readFile(new URL(name, PREBUILT)), stackTop));
  await writeFile(place!, placeModule(stackTop));
  await binaryen("wasm-merge", [kernel!, "kernel", place!, "place", "-o", placed!]);
  // Folds the two constants into every address.
  await binaryen("wasm-opt", ["-O3", placed!, "-o", placed!]);
  return mergeGuest(guestFile!, placed!, directory);
}

function placeModule(stackTop: number): string {
  return `(module
    (global (export "memory_base") i32 (i32.const ${stackTop}))
    (global (export "stack_pointer") (mut i32) (i32.const ${stackTop})))`;
}

async function mergeGuest(guest: string, kernel: string, directory: string): Promise<Uint8Array> {
  const output = join(directory, "merged.wasm");
  const modules = [guest, "guest", kernel, "wasi_snapshot_preview1"];
  await binaryen("wasm-merge", [...modules, "--skip-export-conflicts", "-o", output]);
  return readFile(output);
}
