import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Layer, Snapshot } from "../../src/filesystem/index.ts";
import { applyLayer, emptySnapshot, readLayer, writeLayer } from "../../src/filesystem/index.ts";
import { loadRuntime } from "../../src/runtimes/index.ts";
import {
  createWasmExecutor,
  type Executor,
  type RunRequest,
  type RunResult,
} from "../../src/sandbox/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";

/** The embedded Python base in a store of its own, and an executor over it. */
export interface Sandbox {
  readonly store: Store;
  readonly base: Snapshot;
  readonly executor: Executor;
  /** Runs `sh -c script` (or what `change` says) over the base. */
  readonly run: (script: string, change?: Partial<RunRequest>) => Promise<Outcome>;
  readonly close: () => Promise<void>;
}

export interface Outcome extends RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly layer: Layer;
  /** The base with the layer on top. */
  readonly snapshot: Snapshot;
}

export const ENVIRONMENT = {
  PATH: "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};

export async function openSandbox(): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-sandbox-"));
  const store = await openStore(directory);
  const runtime = await loadRuntime("python");
  const { directory: home, manifest } = runtime;
  const layer = await readLayer(createReadStream(join(home, manifest.base.file)), store);
  const base = applyLayer(emptySnapshot(), layer.changes);
  const executor = createWasmExecutor({
    store,
    loadRuntime: async () => ({
      guestFile: join(home, manifest.guest.file),
      guestDigest: manifest.guest.sha256,
      guestPaths: manifest.guestPaths,
    }),
  });

  async function run(script: string, change: Partial<RunRequest> = {}): Promise<Outcome> {
    const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    const request: RunRequest = {
      snapshot: base,
      runtime: "python",
      command: { kind: "shell", shell: ["/bin/sh", "-c"], script },
      environment: ENVIRONMENT,
      workingDirectory: "/app",
      user: "",
      mounts: [],
      network: "none",
      epoch: 946684800,
      ...change,
    };
    const result = await executor.run(request, {
      signal: AbortSignal.timeout(300_000),
      onEvent: ({ stream, bytes }) => chunks[stream].push(bytes),
    });
    const written = await writeLayer(result.changes, store);
    return {
      ...result,
      stdout: Buffer.concat(chunks.stdout).toString(),
      stderr: Buffer.concat(chunks.stderr).toString(),
      layer: written,
      snapshot: applyLayer(request.snapshot, written.changes),
    };
  }

  return {
    store,
    base,
    executor,
    run,
    async close() {
      await executor.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A layer's changes as lines: kind and path, without the times of the directories above. */
export function changedPaths(outcome: Outcome): readonly string[] {
  return outcome.layer.changes
    .filter(({ kind }) => kind !== "directory")
    .map(({ kind, path }) => `${kind} ${path}`);
}
