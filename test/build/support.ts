/** What the build tests share: small contexts, and the image that a build comes to, read back from its layout. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BuildEvent, type BuildOptions, build } from "../../src/build/index.ts";
import { parsePlatform } from "../../src/dockerfile/index.ts";
import { BoxwrightError } from "../../src/errors/index.ts";
import { applyLayer, emptySnapshot, walk } from "../../src/filesystem/index.ts";
import { type ImageConfig, readOciLayout } from "../../src/image/index.ts";
import { openStore } from "../../src/store/index.ts";

const root = mkdtempSync(path.join(tmpdir(), "boxwright-build-test-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

/** One home for all tests of a file: what one test caches must not change what another gives. */
export const home = path.join(root, "home");

export function temporaryDirectory(): string {
  return mkdtempSync(path.join(root, "d-"));
}

/** Contents by path; an object makes a symbolic link, or sets the mode. */
export type Files = Readonly<
  Record<string, string | { readonly link: string } | { readonly mode: number; readonly text: string }>
>;

export function makeContext(files: Files): string {
  const directory = temporaryDirectory();
  writeFiles(directory, files);
  return directory;
}

export function writeFiles(directory: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (typeof content === "string") {
      writeFileSync(file, content);
      chmodSync(file, 0o644);
    } else if ("link" in content) symlinkSync(content.link, file);
    else {
      writeFileSync(file, content.text);
      chmodSync(file, content.mode);
    }
  }
}

export interface Built {
  readonly digest: string;
  readonly config: ImageConfig;
  /** Every path but the root: `file 644 0:0 text`, `dir 755 0:0`, `link target`. */
  readonly tree: Readonly<Record<string, string>>;
  readonly events: readonly BuildEvent[];
  /** Names of the steps that were executed, not cached. */
  readonly executed: readonly string[];
}

/** Builds to an OCI layout and reads the image back. */
export async function buildImage(
  dockerfile: string,
  files: Files = {},
  options: Partial<BuildOptions> = {},
): Promise<Built> {
  const context = makeContext(files);
  return buildDirectory(context, { dockerfile: { kind: "text", text: dockerfile }, ...options });
}

export async function buildDirectory(context: string, options: Partial<BuildOptions> = {}): Promise<Built> {
  const output = options.output ?? temporaryDirectory();
  const events: BuildEvent[] = [];
  const { digest } = await build({
    context: { kind: "directory", path: context },
    format: "oci",
    output,
    home,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const store = await openStore(path.join(root, "reader"));
  try {
    const { image } = await readOciLayout(output, {
      store,
      platform: parsePlatform(options.platform ?? "linux/amd64"),
    });
    let snapshot = emptySnapshot();
    for (const layer of image.layers) snapshot = applyLayer(snapshot, layer.changes);
    const tree: Record<string, string> = {};
    for (const { path: at, inode } of walk(snapshot)) {
      if (at === "") continue;
      const { mode, uid, gid } = inode.attributes;
      const owner = `${mode.toString(8)} ${uid}:${gid}`;
      if (inode.kind === "directory") tree[at] = `dir ${owner}`;
      else if (inode.kind === "symlink") tree[at] = `link ${inode.target}`;
      else if (inode.kind === "file") {
        const bytes = new Uint8Array(inode.content.size);
        store.read(inode.content, 0, bytes);
        tree[at] = `file ${owner} ${Buffer.from(bytes).toString("utf8")}`;
      }
    }
    return { digest, config: image.config, tree, events, executed: executedSteps(events) };
  } finally {
    await store.close();
  }
}

export function executedSteps(events: readonly BuildEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.kind === "done" && event.step.id !== "export" && !event.step.id.startsWith("cache-")
      ? [event.step.name]
      : [],
  );
}

/** For `assert.rejects`: the code, and the line in the Dockerfile where there is one. */
export const failsWith = (code: string, line?: number, message?: RegExp) => (error: unknown) => {
  if (!(error instanceof BoxwrightError)) throw error;
  const found = `${error.code}${line === undefined ? "" : ` at ${error.range?.start.line}`}`;
  const wanted = `${code}${line === undefined ? "" : ` at ${line}`}`;
  if (found !== wanted) throw new Error(`expected ${wanted}, got ${found}: ${error.message}`);
  if (message !== undefined && !message.test(error.message))
    throw new Error(`unexpected message: ${error.message}`);
  return true;
};
