import { readFileSync } from "node:fs";
import { join } from "node:path";

/** runtimes/python/recipe.json: what is built from, pinned by digest, and where things lie in the guest. */
export interface PythonRecipe {
  readonly guest: {
    readonly package: string;
    readonly file: string;
    readonly sha256: string;
    /** Function indices in the guest as it is published. */
    readonly functions: {
      /** wasi-vfs's `Option<&mut FileSystem>`: every file call asks it first, and goes to the host if it says 0. */
      readonly embeddedFileSystem: number;
      readonly strlen: number;
      readonly strcpy: number;
      readonly malloc: number;
      readonly free: number;
      readonly fstat: number;
      readonly fstatat: number;
      /** os.chmod with libc's chmod inlined, and what it calls around that. */
      readonly osChmod: number;
      readonly saveThread: number;
      readonly restoreThread: number;
      /** wasi-libc's find_relpath_alloc: a path's preopened directory, and the path from there. */
      readonly findRelativePath: number;
      /** The import. */
      readonly pathFilestatSetTimes: number;
    };
    readonly addresses: {
      /** The C stack is below, everything else above. */
      readonly stackTop: number;
      /** wasi-libc's `__wasilibc_cwd` (char *), and whether it came from malloc (bool). */
      readonly workingDirectory: number;
      readonly workingDirectoryIsOwned: number;
      readonly errno: number;
      /** chdir's static buffer for find_relpath_alloc (char *), and its size. */
      readonly relativePath: number;
      readonly relativePathSize: number;
    };
    /** Bytes of C stack to give it. */
    readonly stackSize: number;
    /** The heap block that holds the standard library. */
    readonly embeddedZip: { readonly address: number; readonly size: number };
  };
  /** Of everything in the base image: seconds since 1970. */
  readonly mtime: number;
  readonly pip: WheelPin;
  readonly tzdata: WheelPin;
}

export interface WheelPin {
  readonly version: string;
  /** Python, ABI and platform tag of the wheel's name. */
  readonly tag: string;
  readonly sha256: string;
}

export function readPythonRecipe(root: string): PythonRecipe {
  return JSON.parse(readFileSync(join(root, "runtimes/python/recipe.json"), "utf8")) as PythonRecipe;
}
