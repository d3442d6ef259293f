import type { MessagePort } from "node:worker_threads";
import type { TreeDraft } from "../../filesystem/types.ts";
import type { Problem } from "../execute.ts";
import type { PackageRequest } from "../packages/types.ts";
import type { RunRequest } from "../types.ts";

/** What a worker is started with. */
export interface WorkerJob {
  readonly request: RunRequest;
  readonly storeDirectory: string;
  readonly module: WebAssembly.Module;
  readonly guestPaths: readonly string[];
  /** pip's settings of the host's user, as an INI file. */
  readonly pipConfiguration: string;
  /** Replies to package requests; read synchronously. */
  readonly replies: MessagePort;
  /** One Int32, set to 1 and notified when a reply is there: the guest waits on it. */
  readonly wake: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }
  | { readonly kind: "package"; readonly request: PackageRequest }
  | {
      readonly kind: "done";
      readonly exitCode: number;
      readonly changes: TreeDraft;
      readonly mountChanges: ReadonlyMap<string, TreeDraft>;
      readonly problem: Problem | undefined;
      readonly ranPip: boolean;
    }
  | {
      readonly kind: "failed";
      readonly code: string | undefined;
      readonly message: string;
      readonly stack: string;
    };
