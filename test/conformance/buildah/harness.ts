/** Builds the same Dockerfile with buildah and with Boxwright, and describes both results alike. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { boxwright } from "../../e2e/support.ts";
import type { Case, ContextEntry } from "./cases.ts";

const work = mkdtempSync(path.join(tmpdir(), "boxwright-buildah-"));
const home = path.join(work, "home");
const buildahStorage = [
  "--root",
  path.join(work, "storage"),
  "--runroot",
  path.join(work, "run"),
  "--storage-driver",
  "vfs",
];

function run(program: string, args: readonly string[], cwd = work): string {
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 26,
  });
}

/** An OCI layout with Debian's base-files and base-passwd: real users, real links (bin -> usr/bin, …). */
export function makeBase(): string {
  const packages = path.join(work, "packages");
  const rootfs = path.join(work, "rootfs");
  mkdirSync(packages);
  mkdirSync(rootfs);
  const download = ["download", "-q", "-o", "APT::Sandbox::User=root", "base-files", "base-passwd"];
  try {
    run("apt-get", download, packages);
  } catch {
    // The lists of a fresh machine are old, or not there.
    run("apt-get", ["update"]);
    run("apt-get", download, packages);
  }
  for (const name of readdirSync(packages).sort()) run("dpkg-deb", ["-x", path.join(packages, name), rootfs]);
  for (const name of ["passwd", "group"]) {
    writeFileSync(
      path.join(rootfs, "etc", name),
      readFileSync(path.join(rootfs, "usr/share/base-passwd", `${name}.master`)),
    );
  }
  const context = path.join(work, "base-context");
  mkdirSync(context);
  run("tar", ["--numeric-owner", "-cf", path.join(context, "rootfs.tar"), "-C", rootfs, "."]);
  writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nADD rootfs.tar /\nENV BASE=1\n");
  const layout = path.join(work, "base");
  run("buildah", [...buildahStorage, "bud", "--isolation", "chroot", "-t", "localhost/base-image", context]);
  run("buildah", [...buildahStorage, "push", "localhost/base-image", `oci:${layout}:latest`]);
  return layout;
}

function writeEntry(file: string, entry: ContextEntry, context: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  if (typeof entry === "string") {
    writeFileSync(file, entry);
    chmodSync(file, 0o644);
  } else if ("content" in entry) {
    writeFileSync(file, entry.content);
    chmodSync(file, entry.mode);
  } else if ("link" in entry) symlinkSync(entry.link, file);
  else if ("hardLink" in entry) linkSync(path.join(context, entry.hardLink), file);
  else if ("directoryMode" in entry) {
    mkdirSync(file);
    chmodSync(file, entry.directoryMode);
  } else {
    const from = mkdtempSync(path.join(work, "tar-"));
    for (const [name, content] of Object.entries(entry.tar)) writeEntry(path.join(from, name), content, from);
    const flag = { none: [], gzip: ["-z"], bzip2: ["-j"], xz: ["-J"] }[entry.compression ?? "none"];
    run("tar", [
      ...flag,
      "-cf",
      file,
      "-C",
      from,
      "--owner=3:4",
      "--mtime=@1000000000",
      ...Object.keys(entry.tar),
    ]);
  }
}

function writeContext(testCase: Case): string {
  const context = mkdtempSync(path.join(work, "context-"));
  for (const [name, entry] of Object.entries(testCase.context ?? {}))
    writeEntry(path.join(context, name), entry, context);
  return context;
}

export interface Description {
  /** One line a path: type, mode, owner, and content or target. */
  readonly tree: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

function describeTree(root: string): readonly string[] {
  const lines: string[] = [];
  const inodes = new Map<number, string>();
  const visit = (relative: string): void => {
    const file = path.join(root, relative);
    const stat = lstatSync(file);
    const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
    if (stat.isSymbolicLink())
      lines.push(`${relative} link ${stat.uid}:${stat.gid} -> ${readlinkSync(file)}`);
    else if (stat.isDirectory()) {
      lines.push(`${relative}/ ${owner}`);
      for (const name of readdirSync(file).sort()) visit(path.join(relative, name));
    } else {
      const first = stat.nlink > 1 ? inodes.get(stat.ino) : undefined;
      inodes.set(stat.ino, relative);
      const content = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
      lines.push(`${relative} file ${owner} ${stat.size} ${first === undefined ? content : `= ${first}`}`);
    }
  };
  visit("");
  return lines;
}

function unpack(layout: string, tag: string): string {
  const bundle = path.join(mkdtempSync(path.join(work, "unpacked-")), "rootfs");
  run("umoci", ["raw", "unpack", "--image", `${layout}:${tag}`, bundle]);
  return bundle;
}

const comparedSettings = [
  "Cmd",
  "Entrypoint",
  "Env",
  "ExposedPorts",
  "Healthcheck",
  "Labels",
  "OnBuild",
  "Shell",
  "StopSignal",
  "User",
  "Volumes",
  "WorkingDir",
] as const;

/** What is empty and what is missing mean the same. */
function normaliseSettings(settings: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of comparedSettings) {
    const value = settings[name];
    if (value === undefined || value === null || value === "") continue;
    if (name === "Labels" || name === "ExposedPorts" || name === "Volumes") {
      const entries = Object.entries(value as Record<string, unknown>).filter(
        ([key]) => !key.startsWith("io.buildah."),
      );
      if (entries.length > 0) result[name] = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
    } else if (!Array.isArray(value) || value.length > 0) result[name] = value;
  }
  return result;
}

export function buildWithBuildah(testCase: Case, context: string): Description {
  const dockerfile = path.join(mkdtempSync(path.join(work, "dockerfile-")), "Dockerfile");
  writeFileSync(dockerfile, testCase.dockerfile.replaceAll("FROM BASE", "FROM localhost/base-image"));
  const name = `case${path.basename(context).toLowerCase()}`;
  const target = testCase.target === undefined ? [] : ["--target", testCase.target];
  run("buildah", [
    ...buildahStorage,
    "bud",
    "--isolation",
    "chroot",
    "--format",
    "docker",
    "--ignorefile",
    ignoreFile(context),
    ...target,
    ...(testCase.buildArguments ?? []),
    "-f",
    dockerfile,
    "-t",
    name,
    context,
  ]);
  const layout = mkdtempSync(path.join(work, "buildah-oci-"));
  run("buildah", [...buildahStorage, "push", name, `oci:${layout}:latest`]);
  const inspected = JSON.parse(run("buildah", [...buildahStorage, "inspect", "--type", "image", name]));
  return { tree: describeTree(unpack(layout, "latest")), config: normaliseSettings(inspected.Docker.config) };
}

/** buildah wants an ignore file by name when the Dockerfile lies elsewhere. */
function ignoreFile(context: string): string {
  const file = path.join(context, ".dockerignore");
  try {
    lstatSync(file);
    return file;
  } catch {
    return "/dev/null";
  }
}

export async function buildWithBoxwright(
  testCase: Case,
  context: string,
  base: string,
): Promise<Description> {
  const dockerfile = path.join(mkdtempSync(path.join(work, "dockerfile-")), "Dockerfile");
  writeFileSync(dockerfile, testCase.dockerfile.replaceAll("FROM BASE", "FROM base-image"));
  const layout = mkdtempSync(path.join(work, "boxwright-oci-"));
  const target = testCase.target === undefined ? [] : ["--target", testCase.target];
  const built = await boxwright(
    [
      "build",
      context,
      "-f",
      dockerfile,
      "--format",
      "oci",
      "-o",
      layout,
      "-t",
      "case:latest",
      "--build-context",
      `base-image=oci-layout://${base}`,
      ...target,
      ...(testCase.buildArguments ?? []),
    ],
    { home },
  );
  if (built.exitCode !== 0) throw new Error(built.stderr);
  const index = JSON.parse(readFileSync(path.join(layout, "index.json"), "utf8"));
  const blob = (digest: string) =>
    JSON.parse(readFileSync(path.join(layout, "blobs", ...digest.split(":")), "utf8"));
  const config = blob(blob(index.manifests[0].digest).config.digest);
  const tag = index.manifests[0].annotations["org.opencontainers.image.ref.name"];
  return { tree: describeTree(unpack(layout, tag)), config: normaliseSettings(config.config) };
}

export { writeContext };
