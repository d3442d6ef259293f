import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { openStore } from "../../store/index.ts";
import type { PackageReply, PackageRequest } from "../packages/types.ts";
import { runStep, UnknownShell, UnknownUser } from "../step.ts";
import { installClock } from "./clock.ts";
import type { WorkerJob, WorkerMessage } from "./protocol.ts";

/** The thread of one RUN step. */

const job = workerData as WorkerJob;
const wake = new Int32Array(job.wake);
const post = (message: WorkerMessage) => parentPort?.postMessage(message);

/** Asks the main thread, and sleeps until it has answered. */
function fetchPackage(request: PackageRequest): PackageReply {
  Atomics.store(wake, 0, 0);
  post({ kind: "package", request });
  Atomics.wait(wake, 0, 0);
  const received = receiveMessageOnPort(job.replies);
  if (received === undefined) throw new Error("woken without a reply");
  return received.message as PackageReply;
}

function failureCode(error: unknown): string | undefined {
  if (error instanceof UnknownUser) return "UNKNOWN_USER";
  if (error instanceof UnknownShell) return "UNSUPPORTED_SHELL";
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

try {
  const store = await openStore(job.storeDirectory);
  installClock(job.request.epoch);
  const result = await runStep(job.request, {
    reader: store,
    module: job.module,
    guestPaths: job.guestPaths,
    packages: { fetch: fetchPackage, configuration: job.pipConfiguration },
    onOutput: (stream, bytes) => post({ kind: "output", stream, bytes }),
  });
  await store.close();
  post({ kind: "done", ...result });
} catch (error) {
  const { message, stack } = error as Error;
  post({ kind: "failed", code: failureCode(error), message, stack: stack ?? "" });
}
job.replies.close();
