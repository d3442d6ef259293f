/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out.
 *
 * npm drops an optional dependency whose manifest it cannot get (a mirror that carries one platform only), and
 * `npm ci` then refuses the file as out of step with package.json. The entries added here say version and platform, by
 * which npm passes over them where they do not belong. Run it after every `npm install` behind such a mirror.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm64", "arm", "x64", "ia32", "ppc64", "s390x", "wasm32", "riscv64", "loong64"];

/** `os`, `cpu` and `libc` of a package named by the habit of napi-rs and others: `name-linux-x64-musl`. */
function platformOf(name: string): Readonly<Record<string, readonly string[]>> | undefined {
  const words = name.split(/[-/]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  if (cpu.length === 0) return undefined;
  const libc = words.some((word) => word.startsWith("musl")) ? ["musl"] : [];
  return { cpu, ...(libc.length > 0 ? { libc } : {}), ...(os.length > 0 ? { os } : {}) };
}

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Entry> };
const added: string[] = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const candidates = [`${place}/node_modules/${name}`, `node_modules/${name}`];
    if (place === "" || candidates.some((candidate) => candidate in lock.packages)) continue;
    const platform = platformOf(name);
    if (platform === undefined || !/^\d+\.\d+\.\d+/.test(version))
      throw new Error(`${place}: what is ${name}@${version}?`);
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    } as Entry;
    added.push(`${name}@${version}`);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
process.stdout.write(`added ${added.length}: ${added.join(", ")}\n`);
