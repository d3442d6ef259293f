/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** Since 1970-01-01T00:00:00Z. `seconds` may be negative; 0 <= `nanos` < 1e9. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

/** The root directory's is 1. Numbers mean nothing outside the snapshot (or working tree) they are from. */
export type InodeNumber = number;

/**
 * Where a file's bytes lie: a byte range of a blob in the content store (usually of a layer's tar), and
 * their own digest, by which equal contents are recognised.
 */
export interface FileContent {
  readonly blob: Digest;
  readonly offset: number;
  readonly size: number;
  readonly sha256: Digest;
}

export interface Attributes {
  /** Permission bits with set-id and sticky bits: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Extended attributes; values are base64, so that the type stays serialisable. */
  readonly xattrs: Readonly<Record<string, string>>;
}

export type DeviceKind = "character-device" | "block-device" | "fifo";

/** An inode without its place in the tree. */
export type Leaf =
  | { readonly kind: "file"; readonly attributes: Attributes; readonly content: FileContent }
  | { readonly kind: "symlink"; readonly attributes: Attributes; readonly target: string }
  | {
      readonly kind: DeviceKind;
      readonly attributes: Attributes;
      readonly major: number;
      readonly minor: number;
    };

export interface DirectoryInode {
  readonly kind: "directory";
  readonly attributes: Attributes;
  readonly entries: ReadonlyMap<string, InodeNumber>;
}

export type Inode = DirectoryInode | Leaf;

/**
 * The immutable tree after a layer is applied. Hard links are entries that share an inode number.
 * Plain data: it may be sent to a worker thread.
 */
export interface Snapshot {
  readonly inodes: ReadonlyMap<InodeNumber, Inode>;
}

/**
 * One change that a layer makes. Paths are relative to the root, without a leading slash, normalised;
 * the root itself is "". A parent comes before its children; whiteouts come before additions.
 */
export type LayerChange =
  | { readonly kind: "directory"; readonly path: string; readonly attributes: Attributes }
  | { readonly kind: "leaf"; readonly path: string; readonly inode: Leaf }
  | { readonly kind: "hard-link"; readonly path: string; readonly target: string }
  | { readonly kind: "whiteout"; readonly path: string }
  | { readonly kind: "opaque"; readonly path: string };

/** What one instruction changed. `diffId` names the uncompressed tar, which is in the content store. */
export interface Layer {
  readonly diffId: Digest;
  readonly size: number;
  readonly changes: readonly LayerChange[];
}

/** POSIX names; what a failing operation on a working tree throws (FilesystemError.errno). */
export type Errno =
  | "EACCES"
  | "EBADF"
  | "EEXIST"
  | "EFBIG"
  | "EINVAL"
  | "EISDIR"
  | "ELOOP"
  | "EMLINK"
  | "ENAMETOOLONG"
  | "ENOENT"
  | "ENOSPC"
  | "ENOTDIR"
  | "ENOTEMPTY"
  | "EPERM"
  | "EROFS"
  | "EXDEV"
  | "EBUSY"
  | "EIO"
  | "ENOTSUP";

export interface Stat {
  readonly inode: InodeNumber;
  readonly kind: Inode["kind"];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** Bytes; for a symlink the length of its target, for a directory 4096. */
  readonly size: number;
  readonly mtime: Timestamp;
  readonly major: number;
  readonly minor: number;
}

export type NewInode =
  | { readonly kind: "file" | "directory" | "fifo"; readonly attributes: Partial<Attributes> }
  | { readonly kind: "symlink"; readonly target: string; readonly attributes: Partial<Attributes> };

export interface ResolveOptions {
  /** Where a relative path starts; default the root. */
  readonly base?: InodeNumber;
  /** Follow a symbolic link in the last component; default true. */
  readonly followLast?: boolean;
}

/** Synchronous reads of blobs in the content store. */
export interface ContentReader {
  /** Copies up to `target.length` bytes from `position` in the content; returns how many. */
  read(content: FileContent, position: number, target: Uint8Array): number;
}

/**
 * A mutable POSIX file tree over a snapshot: what RUN, COPY and WORKDIR work on. Synchronous, so that a
 * Wasm guest's system calls can be answered from it. Every operation either takes effect whole or throws
 * a FilesystemError with the errno that Linux would give. No permission checks: the caller is root.
 * Files that the tree creates or changes get `now()` as their mtime.
 */
export interface WorkingTree {
  resolve(path: string, options?: ResolveOptions): InodeNumber;
  /** The directory that holds (or would hold) the last component. Fails for "/" , "." and ".." as last. */
  resolveParent(
    path: string,
    options?: ResolveOptions,
  ): {
    readonly parent: InodeNumber;
    readonly name: string;
    readonly existing: InodeNumber | undefined;
    readonly trailingSlash: boolean;
  };
  /** The absolute path of a directory inode. */
  pathOf(directory: InodeNumber): string;
  stat(inode: InodeNumber): Stat;
  attributes(inode: InodeNumber): Attributes;
  /** Sorted by the bytes of the UTF-8 names; without "." and "..". */
  readDirectory(
    inode: InodeNumber,
  ): readonly { readonly name: string; readonly inode: InodeNumber; readonly kind: Inode["kind"] }[];
  readLink(inode: InodeNumber): string;
  create(parent: InodeNumber, name: string, what: NewInode): InodeNumber;
  link(inode: InodeNumber, parent: InodeNumber, name: string): void;
  unlink(parent: InodeNumber, name: string): void;
  removeDirectory(parent: InodeNumber, name: string): void;
  rename(fromParent: InodeNumber, fromName: string, toParent: InodeNumber, toName: string): void;
  read(inode: InodeNumber, position: number, target: Uint8Array): number;
  write(inode: InodeNumber, position: number, bytes: Uint8Array): number;
  truncate(inode: InodeNumber, size: number): void;
  setAttributes(inode: InodeNumber, change: Partial<Attributes>): void;
  /** An open file keeps an unlinked inode alive: retain on open, release on close. */
  retain(inode: InodeNumber): void;
  release(inode: InodeNumber): void;

  // Conveniences over the above, by path.
  readFile(path: string): Uint8Array;
  writeFile(path: string, bytes: Uint8Array, attributes?: Partial<Attributes>): InodeNumber;
  /** `mkdir -p`; returns the directory. Parents get 0755, root's, `now()`. */
  makeDirectories(path: string, attributes?: Partial<Attributes>): InodeNumber;
  removeRecursively(path: string): void;
  /** Puts existing content (no bytes copied) at a path, replacing a leaf that is there. */
  placeFile(parent: InodeNumber, name: string, content: FileContent, attributes: Attributes): InodeNumber;

  /**
   * Shows another snapshot at `path` (created if missing, and removed again on unmount if so); nothing below
   * it reaches the layer.
   */
  mount(path: string, what: Snapshot, options: { readonly readOnly: boolean }): void;
  /** The mounted tree as it is now, with bytes of changed files; then the mount point is as before. */
  unmount(path: string): TreeDraft;
  /** What changed against the snapshot the tree was made from. */
  changes(): TreeDraft;
}

/** Changes whose new bytes are still in memory; `writeLayer` turns it into a Layer in the store. */
export interface TreeDraft {
  readonly changes: readonly DraftChange[];
}

export type DraftChange =
  | Exclude<LayerChange, { kind: "leaf" }>
  | { readonly kind: "leaf"; readonly path: string; readonly inode: Leaf }
  | {
      readonly kind: "new-file";
      readonly path: string;
      readonly attributes: Attributes;
      readonly bytes: Uint8Array;
    }
  /** Content that is streamed from a file of the host when the layer is written; its size must still be `size`. */
  | {
      readonly kind: "host-file";
      readonly path: string;
      readonly attributes: Attributes;
      readonly hostPath: string;
      readonly size: number;
    };
