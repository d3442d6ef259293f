import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./types.ts";

/**
 * Where credentials may lie, in the order in which they are looked through: what the environment names,
 * then Docker's file, then Podman's (containers-auth.json(5)).
 */
export function credentialsFiles(environment: Environment): readonly string[] {
  const home = homeOf(environment);
  const override = environment["REGISTRY_AUTH_FILE"] ?? "";
  const runtime = environment["XDG_RUNTIME_DIR"] ?? "";
  const config = environment["XDG_CONFIG_HOME"] || join(home, ".config");
  return [
    ...(override === "" ? [] : [override]),
    dockerConfig(environment),
    ...(runtime === "" ? [] : [join(runtime, "containers", "auth.json")]),
    join(config, "containers", "auth.json"),
  ];
}

/** The file that login and logout change. */
export function primaryCredentialsFile(environment: Environment): string {
  return environment["REGISTRY_AUTH_FILE"] || dockerConfig(environment);
}

function dockerConfig(environment: Environment): string {
  const directory = environment["DOCKER_CONFIG"] || join(homeOf(environment), ".docker");
  return join(directory, "config.json");
}

function homeOf(environment: Environment): string {
  return environment["HOME"] || environment["USERPROFILE"] || homedir();
}
