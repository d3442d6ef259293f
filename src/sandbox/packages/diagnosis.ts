import type { IndexFile } from "./index-page.ts";

/** Why pip found nothing to install, told from the pages that it read. */

export interface UnusablePackage {
  readonly name: string;
  readonly version: string | undefined;
  /** "compiled": only wheels for other platforms; "source": only source distributions. */
  readonly reason: "compiled" | "source";
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

/** What pip said it could not satisfy: `name`, and a version if exactly one was asked for. */
export function failedRequirement(
  output: string,
): { readonly name: string; readonly version: string | undefined } | undefined {
  const match =
    /No matching distribution found for ([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*([^\n]*)/.exec(output);
  if (match === null) return undefined;
  return { name: match[1]!, version: /^===?\s*([^\s,;]+)/.exec(match[2]!)?.[1] };
}

/** Explains a requirement that failed; undefined where the pages have usable wheels or nothing at all. */
export function explain(
  requirement: { readonly name: string; readonly version: string | undefined },
  files: readonly IndexFile[],
): UnusablePackage | undefined {
  const releases = files.flatMap((file) => release(file) ?? []);
  const wanted =
    requirement.version === undefined
      ? releases
      : releases.filter(({ version }) => version === requirement.version);
  if (wanted.length === 0 || wanted.some(({ platform }) => platform === "any")) return undefined;
  const version = requirement.version ?? wanted.at(-1)!.version;
  const last = wanted.filter((one) => one.version === version);
  const platforms = [...new Set(last.flatMap(({ platform }) => (platform === undefined ? [] : [platform])))];
  if (platforms.length > 0) return { name: requirement.name, version, reason: "compiled", found: platforms };
  return { name: requirement.name, version, reason: "source", found: last.map(({ filename }) => filename) };
}
