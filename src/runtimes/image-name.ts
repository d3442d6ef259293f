/** What a claim is matched against. */
export interface ImageName {
  /** Without the default registry and its "library/": `python`, `acme/app`, `ghcr.io/acme/app`. */
  readonly repository: string;
  /** "latest" where the reference names neither tag nor digest; undefined where it names only a digest. */
  readonly tag: string | undefined;
  /** True where a digest says which image exactly. */
  readonly pinned: boolean;
}

const DEFAULT_REGISTRIES = /^(?:(?:index\.|registry-1\.)?docker\.io)\//;

/** Splits an image reference as FROM has it. Never fails: what is no reference matches no claim. */
export function parseImageName(reference: string): ImageName {
  const [name, digest] = splitAt(reference, reference.indexOf("@"));
  const colon = name.lastIndexOf(":");
  const [path, tag] = splitAt(name, colon > name.lastIndexOf("/") ? colon : -1);
  const short = path.replace(DEFAULT_REGISTRIES, "");
  return {
    repository: short.replace(/^library\//, ""),
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    pinned: digest !== undefined,
  };
}

function splitAt(text: string, index: number): readonly [string, string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
