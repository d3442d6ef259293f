import type { RegistryError } from "../errors/registry.ts";
import type { Digest } from "../filesystem/types.ts";

/** What happens during a push or a pull. */
export type RegistryProgress =
  /** `done` of `total` bytes of a blob went over the wire; the last event of a blob has `done === total`. */
  | {
      readonly kind: "transfer";
      readonly direction: "pull" | "push";
      readonly digest: Digest;
      readonly done: number;
      readonly total: number;
    }
  /** Nothing to transfer: the other side, or the store, has the blob already. */
  | { readonly kind: "present"; readonly direction: "pull" | "push"; readonly digest: Digest }
  /** The registry took the blob over from another of its repositories. */
  | { readonly kind: "mounted"; readonly digest: Digest; readonly from: string }
  /** A temporary failure; the next try follows after `milliseconds`. */
  | { readonly kind: "retry"; readonly error: RegistryError; readonly milliseconds: number };
