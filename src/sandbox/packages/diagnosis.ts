import type { IndexFile } from "./index-page.ts";

/** Why pip found nothing to install, told from the pages that it read. */

export interface UnusablePackage {
  readonly name: string;
  readonly version: string | undefined;
  /** "compiled": only wheels for other platforms; "source": only source distributions; "local": of no index. */
  readonly reason: "compiled" | "source" | "local";
  /** Platform tags of the wheels, or names of the archives. */
  readonly found: readonly string[];
}

/** PEP 503. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

interface Release {
  readonly version: string;
  readonly platform: string | undefined;
  readonly filename: string;
}

function release({ filename }: IndexFile): Release | undefined {
  // PEP 427: name-version(-build)?-python-abi-platform.whl
  const wheel = /^[^-]+-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-([^-]+)\.whl$/.exec(filename);
  if (wheel !== null) return { version: wheel[1]!, platform: wheel[2]!, filename };
  const source = /-([^-]+)\.(?:tar\.gz|tar\.bz2|tgz|zip)$/.exec(filename);
  return source === null ? undefined : { version: source[1]!, platform: undefined, filename };
}

export interface FailedRequirement {
  readonly name: string;
  /** Where exactly one version was asked for, or tried. */
  readonly version: string | undefined;
  /** pip took a source distribution, whose build failed. */
  readonly built: boolean;
}

const NAME = "([A-Za-z0-9][A-Za-z0-9._-]*)";
const BUILD_FAILURES: readonly RegExp[] = [
  // Said by the driver (driver.ts), possibly by a pip that pip started: the first is the inner one.
  new RegExp(`ERROR: ${NAME} needs a compiler`),
  new RegExp(`Failed to build '?${NAME}'? when`),
  new RegExp(`Failed building (?:wheel|editable) for ${NAME}`),
  new RegExp(`pyproject\\.toml based projects(?: \\(|: )'?${NAME}`),
  new RegExp(`metadata-generation-failed[\\s\\S]*?╰─> ${NAME}`),
];

/** What pip said it could not install, and how it came to that. */
export function failedRequirement(output: string): FailedRequirement | undefined {
  for (const pattern of BUILD_FAILURES) {
    const name = pattern.exec(output)?.[1];
    if (name === undefined) continue;
    const archive = new RegExp(
      `${normalizeName(name).replaceAll("-", "[-_.]")}-([^\\s-]+)\\.(?:tar\\.gz|zip)`,
      "i",
    );
    return { name, version: archive.exec(output)?.[1], built: true };
  }
  const match = new RegExp(`No matching distribution found for ${NAME}(?:\\[[^\\]]*\\])?\\s*([^\\n]*)`).exec(
    output,
  );
  if (match === null) return undefined;
  return { name: match[1]!, version: /^===?\s*([^\s,;]+)/.exec(match[2]!)?.[1], built: false };
}

/** Explains a requirement that failed; undefined where the pages have usable wheels or nothing at all. */
export function explain(
  requirement: FailedRequirement,
  files: readonly IndexFile[],
): UnusablePackage | undefined {
  const { name, version: asked, built } = requirement;
  const releases = files.flatMap((file) => release(file) ?? []);
  const wanted = asked === undefined ? releases : releases.filter(({ version }) => version === asked);
  if (wanted.length === 0 || (!built && wanted.some(({ platform }) => platform === "any"))) return undefined;
  const version = asked ?? wanted.at(-1)!.version;
  const last = wanted.filter((one) => one.version === version);
  const platforms = [...new Set(last.flatMap(({ platform }) => (platform === undefined ? [] : [platform])))];
  if (platforms.length > 0) return { name, version, reason: "compiled", found: platforms };
  return { name, version, reason: "source", found: last.map(({ filename }) => filename) };
}
