import type { Digest } from "../filesystem/types.ts";

/** Where the kernel's host imports come from. */
export type Port = "wasip1" | "wasip2";

export type OutputFormat = "component" | "module";

/** A byte range of a template file that splicing replaces or resizes. Offsets are absolute in the file. */
export interface SegmentPlace {
  /** Where the segment's size (LEB128) starts, and where its bytes start. */
  readonly sizeOffset: number;
  readonly dataOffset: number;
  readonly size: number;
}

/** A section (or nested core module) whose size field grows with the segments in it, outermost first. */
export interface EnclosingSize {
  readonly sizeOffset: number;
  /** Bytes of the size field as it stands in the template. */
  readonly sizeLength: number;
  readonly size: number;
}

/** Written beside each template by the runtime's build recipe, so that bundling never scans the template. */
export interface TemplateManifest {
  readonly file: string;
  readonly sha256: Digest;
  readonly format: OutputFormat;
  readonly port: Port;
  /** Always in this order in the file: rom, then index. */
  readonly rom: SegmentPlace;
  readonly index: SegmentPlace;
  readonly enclosing: readonly EnclosingSize[];
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/** runtimes/<name>/manifest.json, completed by the build recipe into dist/runtimes/<name>/manifest.json. */
export interface RuntimeManifest {
  readonly name: string;
  /** Of the guest, for example "3.12.0". */
  readonly version: string;
  readonly license: string;
  readonly kernelVersion: string;
  /** Image references that the runtime stands in for, most specific first. */
  readonly claims: readonly ImageClaim[];
  /** Absolute paths (after symbolic links) whose file is the guest: role 1 of the index. Shell globs allowed. */
  readonly guestPaths: readonly string[];
  /** Absolute paths whose file is the env command: role 2. */
  readonly envPaths: readonly string[];
  /** The embedded base image: an uncompressed tar beside the manifest, and its image settings. */
  readonly base: {
    readonly file: string;
    readonly diffId: Digest;
    readonly size: number;
    readonly settings: import("../image/types.ts").ImageSettings;
  };
  /** The guest as a plain preview-1 core module, for RUN steps. */
  readonly guest: {
    readonly file: string;
    readonly sha256: Digest;
    readonly functions: Readonly<Record<string, string>>;
  };
  readonly templates: readonly TemplateManifest[];
}

export interface ImageClaim {
  /** Repository without registry default, for example "python". */
  readonly repository: string;
  /** Anchored regular expression over the tag. */
  readonly tag: string;
  /** "exact": the version is right. "substitute": builds, with a warning that names both versions. */
  readonly match: "exact" | "substitute";
}

/** The custom section "boxwright" at the end of every output: what inspect and run need to know. */
export interface ComponentMetadata {
  readonly formatVersion: 1;
  readonly boxwright: string;
  readonly runtime: { readonly name: string; readonly version: string; readonly kernel: string };
  readonly format: OutputFormat;
  readonly port: Port;
  readonly config: import("../image/types.ts").ImageConfig;
  /** For the manifest that it is pushed with. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly layers: readonly { readonly diffId: Digest; readonly size: number; readonly createdBy: string }[];
  readonly rom: { readonly size: number; readonly files: number; readonly uniqueFiles: number };
  readonly index: { readonly size: number; readonly inodes: number };
}
