import type { RegistryProgress } from "../registry/index.ts";
import { formatSize } from "./sizes.ts";

export interface TransferProgress {
  readonly onProgress: (event: RegistryProgress) => void;
  /** Ends the line that is being drawn. */
  readonly end: () => void;
}

/** Transfers on stderr: one line a blob, which moves on a terminal. */
export function transferProgress(quiet: boolean): TransferProgress {
  if (quiet) return { onProgress: () => {}, end: () => {} };
  const terminal = process.stderr.isTTY === true;
  let open = false;
  const line = (text: string, last: boolean) => {
    if (terminal) process.stderr.write(`\r\x1b[K${text}${last ? "\n" : ""}`);
    else if (last) process.stderr.write(`${text}\n`);
    open = terminal && !last;
  };
  const short = (digest: string) => digest.slice("sha256:".length, "sha256:".length + 12);
  return {
    onProgress(event) {
      if (event.kind === "present") line(`${short(event.digest)}: already there`, true);
      else if (event.kind === "mounted") line(`${short(event.digest)}: mounted from ${event.from}`, true);
      else if (event.kind === "retry") line(`${event.error.message}; trying again`, true);
      else {
        const done = event.done === event.total;
        const verb = event.direction === "push" ? (done ? "pushed" : "pushing") : done ? "pulled" : "pulling";
        line(
          `${short(event.digest)}: ${verb} ${formatSize(event.done)}${done ? "" : ` of ${formatSize(event.total)}`}`,
          done,
        );
      }
    },
    end() {
      if (open) process.stderr.write("\n");
    },
  };
}
