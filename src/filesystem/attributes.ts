import type { Attributes, Timestamp } from "./types.ts";

export const rootUserDirectory: Attributes = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanos: 0 },
  xattrs: {},
};

export function sameTime(a: Timestamp, b: Timestamp): boolean {
  return a.seconds === b.seconds && a.nanos === b.nanos;
}

export function sameAttributes(a: Attributes, b: Attributes): boolean {
  if (a === b) return true;
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || !sameTime(a.mtime, b.mtime)) return false;
  const names = Object.keys(a.xattrs);
  if (names.length !== Object.keys(b.xattrs).length) return false;
  return names.every((name) => Object.hasOwn(b.xattrs, name) && a.xattrs[name] === b.xattrs[name]);
}
