/**
 * What is changed in the code of the published guest. Each patch says which bytes it expects, so that it fails
 * where the guest is not the one it was written for.
 *
 * Preview 1 knows no permissions and no owners. The guest and its hosts in this project (the kernel, and what runs
 * RUN steps) agree on two extensions that other hosts never see or refuse harmlessly; docs/runtimes.md,
 * "Permissions", is their contract.
 */

import { signed, unsigned } from "../wasm/leb128.ts";
import type { PythonRecipe } from "./recipe.ts";

type GuestPins = PythonRecipe["guest"];

/** The first flag that preview 1 leaves free in `fstflags`: the call sets the mode, given in place of atim. */
export const SET_MODE_FLAG = 16;

const ENOENT = 44;

/**
 * Where the guest keeps whether its host gives permissions: hosts that do not must not see {@link SET_MODE_FLAG}
 * (node:wasi stops for ever at its second use). The address is in the published guest's stack, which is not used.
 */
const HOST_GIVES_PERMISSIONS = 1024;

const localGet = (index: number) => [0x20, index];
const localSet = (index: number) => [0x21, index];
const constant = (value: number) => [0x41, ...signed(value)];
const call = (index: number) => [0x10, ...unsigned(index)];
const load = (offset: number) => [0x28, 2, ...unsigned(offset)];
const load16 = (offset: number) => [0x2f, 1, ...unsigned(offset)];
const store = (offset: number) => [0x36, 2, ...unsigned(offset)];
const stackPointer = { get: [0x23, 0], set: [0x24, 0] };
const ADD = 0x6a;
const SUB = 0x6b;
const EQ = 0x46;
const EQZ = 0x45;
const OR = 0x72;
const AND = 0x71;
const IF = [0x04, 0x40];
const END = 0x0b;
const RETURN = 0x0f;

/** A function of wasi-vfs that finds its file system: there is none. */
export const NO_FILE_SYSTEM = Uint8Array.from([0, ...constant(0), END]);

/** `body` with `find`, which it must hold exactly once, replaced. */
export function replaceOnce(
  body: Uint8Array,
  find: readonly number[],
  replacement: readonly number[],
): Uint8Array {
  const text = Buffer.from(body);
  const at = text.indexOf(Buffer.from(find));
  if (at < 0 || text.indexOf(Buffer.from(find), at + 1) >= 0)
    throw new Error("a patch of the guest does not find its place");
  return Buffer.concat([text.subarray(0, at), Buffer.from(replacement), text.subarray(at + find.length)]);
}

/**
 * wasi-libc's fstat and fstatat: byte 17 of the host's filestat (padding in preview 1) is 1 if the host gives
 * permissions; then bytes 18 to 23 are permission bits, uid and gid, 16 bits each. Hosts that leave the padding alone must read as zeros, hence the clearing store.
 */
export function readPermissions(body: Uint8Array, statLocal: number): Uint8Array {
  const frame = 4;
  const enter = [...stackPointer.get, ...constant(96), SUB, 0x22, frame, ...stackPointer.set];
  const clear = [...localGet(frame), 0x42, 0, 0x37, 3, 16];
  const leave = [END, ...localGet(frame), ...constant(96), ADD];
  const storeMode = [...load(0), ...store(0)];
  const storeAll = [
    // The address of st_mode and what its bits are looked up with are on the stack already.
    ...[...constant(HOST_GIVES_PERMISSIONS), ...localGet(frame), 0x2d, 0, 17, 0x3a, 0, 0],
    ...[...load(0), ...localGet(frame), ...load16(18), ...constant(0o7777), AND, OR, ...store(0)],
    ...[...localGet(statLocal), ...localGet(frame), ...load16(20), ...store(28)],
    ...[...localGet(statLocal), ...localGet(frame), ...load16(22), ...store(32)],
  ];
  return replaceOnce(
    replaceOnce(body, enter, [...enter, ...clear]),
    [...storeMode, ...leave],
    [...storeAll, ...leave],
  );
}

/**
 * wasi-libc's find_relpath_alloc takes the empty path for the working directory, so that `os.path.exists("")` is true
 * and `os.rmdir("")` removes it. It names nothing (POSIX, 4.13 Pathname Resolution): ENOENT.
 */
export function refuseEmptyPath(body: Uint8Array, { addresses }: GuestPins): Uint8Array {
  const [path, frame] = [0, 10];
  const enter = [...stackPointer.get, ...constant(16), SUB, 0x22, frame, ...stackPointer.set];
  const isEmpty = [...localGet(path), 0x2d, 0, 0, EQZ];
  const fail = [...constant(addresses.errno), ...constant(ENOENT), ...store(0), ...constant(-1), RETURN];
  return replaceOnce(body, enter, [...isEmpty, ...IF, ...fail, END, ...enter]);
}

/** os.chmod, whose call of chmod was compiled to the constant 0. */
export function callChangeMode(body: Uint8Array, changeMode: number, { functions }: GuestPins): Uint8Array {
  const [frame, result, path, mode] = [0, 20, 36, 32];
  const threads = { release: functions.saveThread, acquire: functions.restoreThread };
  const before = [...localGet(frame), ...call(threads.release), ...store(16), ...localGet(frame)];
  const after = [...store(result), ...localGet(frame), ...load(16), ...call(threads.acquire)];
  const narrow = [...localGet(frame), ...load(path), ...load(20)];
  const changed = [...narrow, ...localGet(frame), ...load(mode), ...call(changeMode)];
  return replaceOnce(body, [...before, ...constant(0), ...after], [...before, ...changed, ...after]);
}

/** `chmod(path, mode) -> 0 | -1` with errno: as libc would have it, over {@link SET_MODE_FLAG}. */
export function changeModeBody({ functions, addresses }: GuestPins): Uint8Array {
  const [path, mode, directory, frame, error] = [0, 1, 2, 3, 4];
  const returnZero = [...constant(0), RETURN];
  const failWith = (value: readonly number[]) => [
    ...[...constant(addresses.errno), ...value, ...store(0)],
    ...[...constant(-1), RETURN],
  ];
  const relative = [...constant(addresses.relativePath), ...load(0)];
  return Uint8Array.from([
    ...[1, 3, 0x7f], // three locals of type i32
    ...[...constant(HOST_GIVES_PERMISSIONS), 0x2d, 0, 0, EQZ, ...IF, ...returnZero, END],
    ...[...stackPointer.get, ...constant(16), SUB, 0x22, frame, ...stackPointer.set],
    ...[...localGet(path), ...localGet(frame), ...constant(12), ADD, ...constant(addresses.relativePath)],
    ...[
      ...constant(addresses.relativePathSize),
      ...constant(1),
      ...call(functions.findRelativePath),
      ...localSet(directory),
    ],
    ...[...localGet(frame), ...constant(16), ADD, ...stackPointer.set],
    ...[...localGet(directory), ...constant(-1), EQ, ...IF, ...failWith(constant(ENOENT)), END],
    ...[...localGet(directory), ...constant(1), ...relative, ...relative, ...call(functions.strlen)],
    ...[
      ...localGet(mode),
      0xad,
      0x42,
      0,
      ...constant(SET_MODE_FLAG),
      ...call(functions.pathFilestatSetTimes),
    ],
    ...localSet(error),
    ...[...localGet(error), EQZ, ...IF, ...returnZero, END],
    ...failWith(localGet(error)),
    END,
  ]);
}

/**
 * `boxwright_chdir(path) -> 0 | -1`: what wasi-libc's chdir does once it has found the directory. libc's own is
 * inlined into os.chdir and cannot be exported. The path is absolute and canonical, and the caller has found it to
 * be a directory.
 */
export function changeDirectoryBody({ functions, addresses }: GuestPins): Uint8Array {
  const [path, copy] = [0, 1];
  const isOwned = [...constant(addresses.workingDirectoryIsOwned), 0x2d, 0, 0];
  const returnFailure = [...IF, ...constant(-1), RETURN, END];
  return Uint8Array.from([
    ...[1, 1, 0x7f], // one local of type i32
    ...[...localGet(path), 0x2d, 0, 0, ...constant(0x2f), 0x47, ...returnFailure], // *path != '/'
    ...[...localGet(path), ...call(functions.strlen), ...constant(1), ADD, ...call(functions.malloc)],
    ...[0x22, copy, EQZ, ...returnFailure],
    ...[...localGet(copy), ...localGet(path), ...call(functions.strcpy), 0x1a],
    ...[...isOwned, ...IF, ...constant(addresses.workingDirectory), ...load(0), ...call(functions.free), END],
    ...[...constant(addresses.workingDirectory), ...localGet(copy), ...store(0)],
    ...[...constant(addresses.workingDirectoryIsOwned), ...constant(1), 0x3a, 0, 0],
    ...[...constant(0), END],
  ]);
}
