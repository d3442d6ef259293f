import type { Digest } from "../../filesystem/types.ts";

/** One GET that pip asks for. */
export interface PackageRequest {
  readonly url: string;
  readonly accept: string;
  /** Credentials that pip took from its own configuration. */
  readonly authorization: string | undefined;
}

export type PackageReply =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly url: string;
      readonly contentType: string;
      /** The body is a blob of the store. */
      readonly digest: Digest;
      readonly size: number;
    }
  | { readonly kind: "unreachable"; readonly message: string };
