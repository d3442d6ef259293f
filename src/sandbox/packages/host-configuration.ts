import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** What the host's user has set for pip: only what says where packages come from. */
export interface HostConfiguration {
  /** As an INI file, for pip in the guest: it ranks below the image's and the step's own settings. */
  readonly text: string;
  /** A file of certificate authorities. */
  readonly certificateFile: string | undefined;
}

const NETWORK_KEYS = new Set(["index-url", "extra-index-url", "no-index", "trusted-host"]);
const SECTIONS = new Set(["global", "install"]);

/** pip's files, lowest first (pip's documentation, "Configuration"). */
function configurationFiles(environment: NodeJS.ProcessEnv): readonly string[] {
  const { PIP_CONFIG_FILE: chosen, XDG_CONFIG_DIRS, XDG_CONFIG_HOME } = environment;
  if (chosen === "/dev/null" || chosen === "nul") return [];
  const shared = (XDG_CONFIG_DIRS ?? "/etc/xdg").split(":").filter((path) => path !== "");
  const home = homedir();
  return [
    ...shared.map((path) => join(path, "pip", "pip.conf")),
    "/etc/pip.conf",
    join(home, ".pip", "pip.conf"),
    join(XDG_CONFIG_HOME ?? join(home, ".config"), "pip", "pip.conf"),
    ...(chosen === undefined ? [] : [chosen]),
  ];
}

/** configparser's format, as far as pip uses it: sections, `key = value` or `key: value`, indented continuations. */
export function parseConfiguration(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = "";
  let key: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const header = /^\[([^\]]+)\]\s*$/.exec(line);
    if (header !== null) {
      section = header[1]!.trim();
      key = undefined;
    } else if (/^\s/.test(line) && key !== undefined) {
      values.set(key, `${values.get(key)} ${line.trim()}`.trim());
    } else {
      const pair = /^([^=:]+)[=:](.*)$/.exec(line);
      key =
        pair === null || !SECTIONS.has(section)
          ? undefined
          : pair[1]!.trim().replaceAll("_", "-").toLowerCase();
      if (key !== undefined) values.set(key, pair![2]!.trim());
    }
  }
  return values;
}

/** Reads pip's configuration files and `PIP_*` variables of this host. Unreadable files are passed over, as pip does. */
export async function readHostConfiguration(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<HostConfiguration> {
  const values = new Map<string, string>();
  for (const path of configurationFiles(environment)) {
    const text = await readFile(path, "utf8").catch(() => "");
    for (const [key, value] of parseConfiguration(text)) values.set(key, value);
  }
  for (const [name, value] of Object.entries(environment)) {
    const key = /^PIP_(.+)$/.exec(name)?.[1]?.toLowerCase().replaceAll("_", "-");
    if (key !== undefined && value !== undefined && value !== "") values.set(key, value);
  }
  const lines = [...values]
    .filter(([key, value]) => NETWORK_KEYS.has(key) && !/[\r\n]/.test(value))
    .map(([key, value]) => `${key} = ${value.replaceAll("%", "%%").replace(/\s+/g, "\n    ")}\n`);
  return {
    text: lines.length === 0 ? "" : `[global]\n${lines.join("")}`,
    certificateFile: values.get("cert"),
  };
}
