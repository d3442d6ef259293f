import path from "node:path";

/** The absolute destination of COPY and ADD; "" and "." are the working directory, a trailing slash is kept. */
export function resolveDestination(workingDirectory: string, given: string): string {
  const resolved = path.posix.resolve("/", workingDirectory, given);
  const isDirectory = given === "" || given === "." || /(?:^|\/)\.{0,2}$/.test(given);
  return isDirectory && resolved !== "/" ? `${resolved}/` : resolved;
}
