import { homedir } from "node:os";
import path from "node:path";

/** `$BOXWRIGHT_HOME`, else the platform's cache directory. */
export function homeDirectory(
  environment: NodeJS.ProcessEnv = process.env,
  platform = process.platform,
): string {
  const explicit = environment["BOXWRIGHT_HOME"];
  if (explicit !== undefined && explicit !== "") return path.resolve(explicit);
  return path.join(cacheDirectory(environment, platform), "boxwright");
}

function cacheDirectory(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === "darwin") return path.join(homedir(), "Library", "Caches");
  if (platform === "win32") return environment["LOCALAPPDATA"] ?? path.join(homedir(), "AppData", "Local");
  const base = environment["XDG_CACHE_HOME"];
  // XDG base directory specification: relative paths are to be ignored.
  return base?.startsWith("/") ? base : path.join(homedir(), ".cache");
}
