/** The embedded base image: what `FROM python:3.12-slim` is to programs, with the guest in python3.12's place. */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { TreeEntry } from "../archive.ts";
import { runGuest } from "../run-guest.ts";
import { systemTree } from "../system-tree.ts";
import type { PythonRecipe } from "./recipe.ts";
import { fetchWheel, installWheel, type WheelFiles } from "./wheel.ts";

const BIN = "usr/local/bin";
const LIBRARY = "usr/local/lib/python3.12";
const SITE_PACKAGES = `${LIBRARY}/site-packages`;

export interface BaseInputs {
  readonly recipe: PythonRecipe;
  /** The zip of sourceless .pyc files that was embedded in the guest. */
  readonly standardLibrary: Uint8Array;
  /** Files of runtimes/python/lib. */
  readonly additions: string;
  /** The prepared guest. */
  readonly guest: string;
  readonly wheelCache: string;
  /** An empty directory. */
  readonly scratch: string;
}

export function buildBase(inputs: BaseInputs): readonly TreeEntry[] {
  const { recipe, wheelCache } = inputs;
  const pip = withoutDirectories(fetchWheel("pip", recipe.pip, wheelCache));
  const plain = [...systemTree(), ...interpreter(), ...library(inputs), ...timeZones(inputs)];
  const pipFiles = Object.entries(pip).map(
    ([path, content]): TreeEntry => ({
      kind: "file",
      path: `${SITE_PACKAGES}/${path}`,
      mode: 0o644,
      content,
    }),
  );
  const compiled = compile([...plain, ...pipFiles], inputs);
  const wheel = {
    files: pip,
    distInfo: `pip-${recipe.pip.version}.dist-info`,
    scripts: { pip: PIP_SCRIPT, pip3: PIP_SCRIPT, "pip3.12": PIP_SCRIPT },
    compiled: Object.fromEntries(
      compiled
        .filter(({ path }) => path.startsWith(`${SITE_PACKAGES}/`))
        .map(({ path, content }) => [path.slice(SITE_PACKAGES.length + 1), content]),
    ),
  };
  const compiledLibrary = compiled
    .filter(({ path }) => !path.startsWith(`${SITE_PACKAGES}/`))
    .map(({ path, content }): TreeEntry => ({ kind: "file", path, mode: 0o644, content }));
  return withParents([...plain, ...compiledLibrary, ...installWheel(wheel, SITE_PACKAGES, BIN)]);
}

/** What pip writes for its entry point, in our words. */
const PIP_SCRIPT = `#!/usr/local/bin/python3.12
import sys

from pip._internal.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
`;

function interpreter(): readonly TreeEntry[] {
  const content = Buffer.from(
    "CPython 3.12: the component has it built in, and starts it in place of this file.\n",
  );
  return [
    { kind: "file", path: `${BIN}/python3.12`, mode: 0o755, content },
    { kind: "symlink", path: `${BIN}/python3`, target: "python3.12" },
    { kind: "symlink", path: `${BIN}/python`, target: "python3" },
  ];
}

function library({ standardLibrary, additions }: BaseInputs): readonly TreeEntry[] {
  const file = (path: string, content: Uint8Array): TreeEntry => ({
    kind: "file",
    path,
    mode: 0o644,
    content,
  });
  return [
    ...Object.entries(unzipSync(standardLibrary)).map(([path, content]) =>
      file(`${LIBRARY}/${path}`, content),
    ),
    ...readdirSync(additions).map((name) => file(`${LIBRARY}/${name}`, readFileSync(join(additions, name)))),
    // `site` runs the line at start-up, before any program.
    file(`${SITE_PACKAGES}/boxwright.pth`, Buffer.from("import _boxwright_os\n")),
    { kind: "directory", path: `${LIBRARY}/lib-dynload`, mode: 0o755 },
  ];
}

/** Debian's slim images have the time zones; the same data comes as a package of the Python index. */
function timeZones({ recipe, wheelCache }: BaseInputs): readonly TreeEntry[] {
  const prefix = "tzdata/zoneinfo/";
  return Object.entries(withoutDirectories(fetchWheel("tzdata", recipe.tzdata, wheelCache)))
    .filter(([path]) => path.startsWith(prefix) && !path.endsWith(".py"))
    .map(([path, content]) => ({
      kind: "file",
      path: `usr/share/zoneinfo/${path.slice(prefix.length)}`,
      mode: 0o644,
      content,
    }));
}

interface CompiledFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * Byte code of every .py among `entries`, compiled by the guest itself. A real image has it too once pip has run;
 * it spares each RUN step the second that pip takes to compile itself. The .pyc hold the mtime of their source.
 */
function compile(entries: readonly TreeEntry[], inputs: BaseInputs): readonly CompiledFile[] {
  const { scratch, guest, recipe } = inputs;
  const sources = entries.filter((entry) => entry.kind === "file" && entry.path.endsWith(".py"));
  writeTree(scratch, entries, recipe.mtime);
  runGuest({
    module: guest,
    root: scratch,
    args: ["/usr/local/bin/python3.12", "-m", "compileall", "-q", `/${LIBRARY}`],
    environment: { PYTHONHASHSEED: "0", HOME: "/root", PATH: "/usr/local/bin" },
  });
  const compiled = sources.map(({ path }) => {
    const name = path.slice(path.lastIndexOf("/") + 1, -".py".length);
    const compiledPath = `${dirname(path)}/__pycache__/${name}.cpython-312.pyc`;
    return { path: compiledPath, content: new Uint8Array(readFileSync(join(scratch, compiledPath))) };
  });
  rmSync(scratch, { recursive: true });
  return compiled;
}

function writeTree(root: string, entries: readonly TreeEntry[], mtime: number): void {
  for (const entry of entries) {
    const path = join(root, entry.path);
    mkdirSync(entry.kind === "directory" ? path : dirname(path), { recursive: true });
    if (entry.kind === "symlink" && !entry.path.includes("/")) continue;
    if (entry.kind === "symlink") symlinkSync(entry.target, path);
    if (entry.kind !== "file") continue;
    writeFileSync(path, entry.content);
    utimesSync(path, mtime, mtime);
  }
}

/** `entries` with the directories that they need and do not name. Two entries of one path are a mistake. */
function withParents(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  const paths = new Set<string>();
  for (const { path } of entries) {
    if (paths.has(path)) throw new Error(`the base image would have ${path} twice`);
    paths.add(path);
  }
  const parents: TreeEntry[] = [];
  for (const { path } of entries) {
    for (let parent = dirname(path); parent !== "." && !paths.has(parent); parent = dirname(parent)) {
      paths.add(parent);
      parents.push({ kind: "directory", path: parent, mode: 0o755 });
    }
  }
  return [...entries, ...parents];
}

function withoutDirectories(files: WheelFiles): WheelFiles {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith("/")));
}
