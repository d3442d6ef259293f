import type { GitFailureKind } from "../../errors/sources.ts";

const kinds: readonly (readonly [GitFailureKind, RegExp])[] = [
  [
    "refused",
    /transport '[^']*' not allowed|protocol .* (?:not supported|disabled)|Protocol "[^"]*".*disabled|error: 30\d/i,
  ],
  [
    "authentication",
    /could not read (?:Username|Password)|Authentication failed|Permission denied|terminal prompts disabled|Host key verification failed|error: 40[13]/i,
  ],
  [
    "missing",
    /repository .*not found|does not appear to be a git repository|not found: did you|access denied or repository not exported|error: 404/i,
  ],
  [
    "unreachable",
    /could not resolve|unable to (?:access|connect|look up)|Connection (?:refused|reset|timed out|closed)|Failed to connect|early EOF|hung up unexpectedly|RPC failed|Operation too slow/i,
  ],
];

/** What git's message is about. Its texts are stable in the C locale, but not promised: the last resort is "other". */
export function explainFailure(said: string): GitFailureKind {
  return kinds.find(([, pattern]) => pattern.test(said))?.[0] ?? "other";
}

/** Whether another way to ask the server may help: it refuses depth, or commits that no ref names. */
export function mayAskOtherwise(said: string): boolean {
  return /not our ref|unadvertised object|shallow|--depth|couldn't find remote ref|no such remote ref/i.test(
    said,
  );
}

/** The last lines of what a program said, fit for a terminal: no control characters, no credentials. */
export function readable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(-8192)).toString("utf8");
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim())
    .filter((line) => line !== "" && !line.startsWith("hint:"));
  return lines
    .slice(-4)
    .join("; ")
    .replace(/:\/\/[^/@\s]*@/g, "://")
    .slice(0, 600);
}
