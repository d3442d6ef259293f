/** Wheels: fetched by pip through whatever index it is configured for, checked by digest, laid out as pip would. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { TreeEntry } from "../archive.ts";
import type { WheelPin } from "./recipe.ts";

export type WheelFiles = Readonly<Record<string, Uint8Array>>;

/** The files of a pure-Python wheel. Rebuilds need no network: the wheel stays in `cacheDirectory`. */
export function fetchWheel(name: string, pin: WheelPin, cacheDirectory: string): WheelFiles {
  const cached = join(cacheDirectory, `${name}-${pin.version}.whl`);
  if (!existsSync(cached)) download(name, pin, cached, cacheDirectory);
  const bytes = readFileSync(cached);
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest !== pin.sha256)
    throw new Error(`${cached} has sha256 ${digest}, not ${pin.sha256}: delete it and try again`);
  return unzipSync(bytes);
}

function download(name: string, pin: WheelPin, destination: string, cacheDirectory: string): void {
  mkdirSync(cacheDirectory, { recursive: true });
  const scratch = mkdtempSync(join(cacheDirectory, "download-"));
  try {
    const requirements = join(scratch, "requirements.txt");
    writeFileSync(requirements, `${name}==${pin.version} --hash=sha256:${pin.sha256}\n`);
    const target = join(scratch, "wheels");
    const options = [
      "--no-deps",
      "--only-binary=:all:",
      "--require-hashes",
      "--disable-pip-version-check",
      "--quiet",
    ];
    const environment = [
      "--python-version",
      "3.12",
      "--implementation",
      "py",
      "--abi",
      "none",
      "--platform",
      "any",
    ];
    execFileSync(
      "python3",
      ["-m", "pip", "download", ...options, ...environment, "-d", target, "-r", requirements],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    renameSync(join(target, wheelName(name, pin)), destination);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function wheelName(name: string, pin: WheelPin): string {
  return `${name}-${pin.version}-${pin.tag}.whl`;
}

export interface InstalledWheel {
  readonly files: WheelFiles;
  /** `name-version.dist-info`. */
  readonly distInfo: string;
  /** Console scripts: file name and content. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Compiled modules, by path under site-packages. */
  readonly compiled: WheelFiles;
}

/** What pip leaves in site-packages and bin (PEP 376, PEP 427: RECORD, INSTALLER, REQUESTED). */
export function installWheel(wheel: InstalledWheel, sitePackages: string, bin: string): readonly TreeEntry[] {
  const file = (path: string, content: Uint8Array, mode = 0o644): TreeEntry => ({
    kind: "file",
    path,
    mode,
    content,
  });
  const record = `${wheel.distInfo}/RECORD`;
  const added: Record<string, Uint8Array> = {
    [`${wheel.distInfo}/INSTALLER`]: Buffer.from("pip\n"),
    [`${wheel.distInfo}/REQUESTED`]: Buffer.alloc(0),
  };
  const scripts = Object.entries(wheel.scripts).map(([name, text]) => ({ name, content: Buffer.from(text) }));
  const up = "../".repeat(sitePackages.split("/").length - bin.split("/").length + 1);
  const rows = Object.entries({ ...wheel.files, ...added })
    .filter(([path]) => path !== record)
    .map(([path, content]) => recordRow(path, content))
    .concat(scripts.map(({ name, content }) => recordRow(`${up}bin/${name}`, content)))
    .concat(Object.keys(wheel.compiled).map((path) => `${path},,`))
    .concat(`${record},,`)
    .sort();
  return [
    ...Object.entries({ ...wheel.files, ...added, ...wheel.compiled })
      .filter(([path]) => path !== record)
      .map(([path, content]) => file(`${sitePackages}/${path}`, content)),
    file(`${sitePackages}/${record}`, Buffer.from(`${rows.join("\n")}\n`)),
    ...scripts.map(({ name, content }) => file(`${bin}/${name}`, content, 0o755)),
  ];
}

function recordRow(path: string, content: Uint8Array): string {
  const digest = createHash("sha256").update(content).digest("base64url");
  return `${path},sha256=${digest},${content.length}`;
}
