import { RegistryError } from "../../errors/registry.ts";
import { type HttpFailureKind, httpFailed, httpRedirectRefused, httpStatus } from "../../errors/sources.ts";

const kinds: Readonly<Record<string, HttpFailureKind>> = {
  REGISTRY_UNREACHABLE: "UNREACHABLE",
  REGISTRY_CONNECTION_LOST: "CONNECTION_LOST",
  REGISTRY_TIMEOUT: "TIMEOUT",
  REGISTRY_TLS: "TLS",
  REGISTRY_BAD_RESPONSE: "BAD_RESPONSE",
};

/** The HTTP client is the registry's, and its errors speak of registries: the same in this folder's words. */
export function inOwnWords(address: string, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  if (error.code === "REGISTRY_PRIVATE_ADDRESS") {
    return httpRedirectRefused(
      address,
      "a public address sends us to one of a private network, or of this machine",
    );
  }
  const kind = kinds[error.code];
  const status = error.exchange?.status;
  if (kind === undefined && status !== undefined)
    return httpStatus(error.exchange?.address ?? address, status);
  return httpFailed(kind ?? "FAILED", error.message, error);
}
