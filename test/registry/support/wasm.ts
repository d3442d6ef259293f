import type { PushComponentInput } from "../../../src/registry/index.ts";

/** A component without anything in it, made distinct by a custom section. */
export function emptyComponent(note: string): Buffer {
  const name = Buffer.from(note);
  const section = Buffer.from([0, name.length + 1, name.length, ...name]);
  return Buffer.concat([Buffer.from("0061736d0d000100", "hex"), section]);
}

export const emptyModule = Buffer.from("0061736d01000000", "hex");

export const metadata: PushComponentInput["metadata"] = {
  format: "component",
  config: {
    architecture: "wasm",
    os: "wasi",
    created: "2001-02-03T04:05:06Z",
    config: {
      Labels: {
        "org.opencontainers.image.version": "1.2.3",
        "org.opencontainers.image.authors": "A. Person",
        "org.opencontainers.image.created": "1999-01-01T00:00:00Z",
        maintainer: "somebody",
      },
    },
    rootfs: { type: "layers", diff_ids: [] },
    history: [],
  },
};

export const worlds = {
  imports: ["wasi:cli/environment@0.2.0", "wasi:io/streams@0.2.0"],
  exports: ["wasi:cli/run@0.2.0"],
};
