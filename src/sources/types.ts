import type { FileContent, Layer, Snapshot, Timestamp } from "../filesystem/types.ts";

export type GitProtocol = "https" | "http" | "ssh" | "git" | "file";

/** A git repository and what is wanted of it. Plain data; but for `authorization`, fit to be shown and stored. */
export interface GitSource {
  /** What git is given: without fragment, query and (for HTTP) user name and password. */
  readonly remote: string;
  readonly protocol: GitProtocol;
  /** The repository's last path component without `.git`. */
  readonly name: string;
  /** Branch, tag, `refs/…` or whole commit id; undefined for the default branch. */
  readonly ref: string | undefined;
  /** Normalised, relative to the repository, without `..`; undefined for all of it. */
  readonly subdir: string | undefined;
  /** Lower-case hexadecimal digits with which the id of the commit (or of its tag) begins. */
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  readonly submodules: boolean | undefined;
  /** Which times the source asks for (`?mtime=`); trees always come with the commit's, see {@link FetchedGit}. */
  readonly mtime: "checkout" | "commit" | undefined;
  /** `github.com/…`, which may also be a path: a git source as a build context only. */
  readonly shorthand: boolean;
  /** Neither encrypted nor authenticated: `http://` and `git://`. */
  readonly unencrypted: boolean;
  /** The Authorization header made of the user name and password in the address. Secret. */
  readonly authorization: string | undefined;
}

/** What a ref means at this moment. */
export interface ResolvedGit {
  /** 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits. */
  readonly commit: string;
  /** Full name, such as `refs/tags/v1`; undefined if the source names a commit. */
  readonly ref: string | undefined;
  /** What the ref points to: the commit, or an annotated tag. */
  readonly object: string;
}

export interface GitProgress {
  readonly kind: "resolve" | "fetch" | "submodule" | "files";
  /** A repository's address, or a submodule's path. */
  readonly name: string;
}

export interface FetchedGit extends ResolvedGit {
  /** Modes 0644, 0755 and (links) 0777, owner 0:0, every time that of the commit. */
  readonly snapshot: Snapshot;
  /** The same tree as one layer, whose tar is in the store. */
  readonly layer: Layer;
  /** When the commit was made, by its own word. */
  readonly time: Timestamp;
}

/** What is needed to ask a server whether a file is still the same; plain data, for the build cache. */
export interface HttpRecord {
  readonly url: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly content: FileContent;
}

export interface FetchedFile {
  readonly content: FileContent;
  /** What ADD calls the file in a directory: the last component of the address, else `__unnamed__`. */
  readonly name: string;
  /** Last-Modified; undefined if the server does not say. */
  readonly mtime: Timestamp | undefined;
  /** 0600, as Docker's. */
  readonly mode: number;
  /** The content was there already, and the server (or the checksum) says that it is still right. */
  readonly unchanged: boolean;
  /** For the next time. */
  readonly record: HttpRecord;
}

export type AddSource =
  | { readonly kind: "local" }
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "git"; readonly source: GitSource };

export type ContextSource =
  | { readonly kind: "stdin" }
  | { readonly kind: "directory"; readonly path: string }
  /** A tar (compressed or not), or else a Dockerfile: the content tells. */
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "git"; readonly source: GitSource };
