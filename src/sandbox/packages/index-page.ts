/** A project's page of a package index: PEP 503 (HTML) and PEP 691 (JSON). */

export interface IndexFile {
  readonly filename: string;
  /** Absolute, without fragment. */
  readonly url: string;
  /** 64 hexadecimal digits, where the page gives it. */
  readonly sha256: string | undefined;
}

/** More files than any project has; what lies beyond is not looked at. */
const MAX_FILES = 100_000;
const JSON_TYPE = /^application\/vnd\.pypi\.simple\.v1\+json|^application\/json/;
const HTML_TYPE = /^application\/vnd\.pypi\.simple\.v1\+html|^text\/html/;

export function isIndexPage(contentType: string): boolean {
  return JSON_TYPE.test(contentType) || HTML_TYPE.test(contentType);
}

function file(href: string, base: string, filename?: string, sha256?: string): readonly IndexFile[] {
  let url: URL;
  try {
    url = new URL(href, base);
  } catch {
    return [];
  }
  const digest = sha256 ?? /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1];
  url.hash = "";
  let name = filename;
  try {
    name ??= decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
  } catch {
    return [];
  }
  return name === "" ? [] : [{ filename: name, url: url.href, sha256: digest?.toLowerCase() }];
}

function parseJson(text: string, base: string): readonly IndexFile[] {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    return [];
  }
  const files = (page as { files?: unknown } | null)?.files;
  if (!Array.isArray(files)) return [];
  return files.slice(0, MAX_FILES).flatMap((entry: unknown) => {
    const { filename, url, hashes } = (entry ?? {}) as Record<string, unknown>;
    if (typeof url !== "string") return [];
    const sha256 = (hashes as { sha256?: unknown } | null | undefined)?.sha256;
    const digest = typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256) ? sha256 : undefined;
    return file(url, base, typeof filename === "string" ? filename : undefined, digest);
  });
}

async function parseHtml(text: string, base: string): Promise<readonly IndexFile[]> {
  const { Parser } = await import("htmlparser2");
  const files: IndexFile[] = [];
  let root = base;
  const parser = new Parser({
    onopentag(name, { href }) {
      if (href === undefined || files.length >= MAX_FILES) return;
      // PEP 503 allows a <base>, by which the links are meant.
      if (name === "base") root = URL.canParse(href, base) ? new URL(href, base).href : base;
      if (name === "a") files.push(...file(href, root));
    },
  });
  parser.end(text);
  return files;
}

/** The files that a page lists; none where it cannot be read. Never throws. */
export async function parseIndexPage(
  text: string,
  contentType: string,
  base: string,
): Promise<readonly IndexFile[]> {
  if (JSON_TYPE.test(contentType)) return parseJson(text, base);
  return HTML_TYPE.test(contentType) ? parseHtml(text, base) : [];
}
