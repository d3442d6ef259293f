/** The thread a guest runs on: it has a large stack, and may wait for input without stopping the others. */
import { parentPort } from "node:worker_threads";
import type { GuestJob } from "../types.ts";
import { runGuest } from "./guest.ts";

parentPort?.once("message", (job: GuestJob) => {
  parentPort?.postMessage(runGuest(job));
});
