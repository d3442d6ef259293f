import fc from "fast-check";

/** One file system operation, on the kernel and on a Linux directory. `slot` numbers the files that are open. */
export type Operation =
  | { readonly kind: "open"; readonly path: string; readonly mode: OpenMode }
  | { readonly kind: "close"; readonly slot: number }
  | { readonly kind: "read"; readonly slot: number; readonly size: number; readonly position: number | null }
  | { readonly kind: "write"; readonly slot: number; readonly text: string; readonly position: number | null }
  | { readonly kind: "truncate"; readonly slot: number; readonly size: number }
  | { readonly kind: "fstat"; readonly slot: number }
  | {
      readonly kind: "mkdir" | "rmdir" | "unlink" | "readlink" | "stat" | "lstat" | "list";
      readonly path: string;
    }
  | { readonly kind: "rename" | "link"; readonly path: string; readonly to: string }
  | { readonly kind: "symlink"; readonly target: string; readonly path: string }
  | { readonly kind: "utimes"; readonly path: string; readonly seconds: number };

export interface OpenMode {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly append: boolean;
  readonly directory: boolean;
  readonly follow: boolean;
}

const NAMES = ["a", "b", "c", "dir", "sub", "file", "big", "link", "loop", "dangling", "x".repeat(256)];

/**
 * Up to three components, at most two of them "..": the tests' directory lies three levels deep, so that nothing
 * outside of it can be reached (targets of links have no ".." at all).
 */
const component = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...NAMES.slice(0, -1)) },
  { weight: 2, arbitrary: fc.constantFrom(".", "..") },
  { weight: 1, arbitrary: fc.constant(NAMES.at(-1)!) },
);
const path = fc
  .tuple(fc.array(component, { minLength: 1, maxLength: 3 }), fc.constantFrom("", "", "", "", "", "/", "/."))
  .map(([components, end]) => components.join("/") + end)
  .filter((text) => text.split("/").filter((name) => name === "..").length <= 2);
const target = fc
  .array(fc.constantFrom(...NAMES.slice(0, -1), "."), { minLength: 1, maxLength: 2 })
  .map((components) => components.join("/"));

/** Combinations that mean the same in both worlds (preview 1 has no opening of a directory for writing). */
const mode: fc.Arbitrary<OpenMode> = fc
  .record({
    access: fc.constantFrom("r", "w", "rw"),
    create: fc.boolean(),
    exclusive: fc.boolean(),
    truncate: fc.boolean(),
    append: fc.boolean(),
    directory: fc.boolean(),
    follow: fc.boolean(),
  })
  .map(({ access, directory, create, ...rest }) => {
    const asDirectory = directory && access === "r" && !create;
    return {
      ...rest,
      create,
      read: access !== "w",
      write: access !== "r",
      directory: asDirectory,
      exclusive: rest.exclusive && create,
    };
  });

const slot = fc.nat(5);
const position = fc.oneof(fc.constant(null), fc.nat(70000));
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.tuple(fc.constantFrom("p", "q"), fc.integer({ min: 1, max: 70000 })).map(([c, n]) => c.repeat(n)),
);

export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("open" as const), path, mode }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("close" as const), slot }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("read" as const), slot, size: fc.nat(70000), position }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("write" as const), slot, text, position }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("truncate" as const), slot, size: fc.nat(140000) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("fstat" as const), slot }) },
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constantFrom("mkdir", "rmdir", "unlink", "readlink", "stat", "lstat", "list" as const),
        path,
      }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("rename", "link" as const), path, to: path }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("symlink" as const), target, path }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("utimes" as const), path, seconds: fc.nat(2_000_000_000) }),
    },
  ),
  { minLength: 1, maxLength: 60, size: "max" },
);
