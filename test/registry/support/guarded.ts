/** A registry that wants a login before it gives its one blob. */
import { type Credentials, pullBlobBytes, type Repository } from "../../../src/registry/index.ts";
import {
  type FakeOptions,
  type FakeRegistry,
  type RecordedRequest,
  send,
  sha256,
  startFakeRegistry,
} from "./fake-registry.ts";

export const someone: Credentials = { kind: "password", username: "someone", password: "pässword:x" };
export const basic = `Basic ${Buffer.from("someone:pässword:x").toString("base64")}`;
export const blob = Buffer.from("content");
const address = { digest: sha256(blob), size: blob.length };

export const fetchIt = (repository: Repository) => pullBlobBytes(repository, address, 100, "it");

/** `check` gives the challenge that a request is answered with, or undefined to let it pass. */
export async function guarded(
  check: (request: RecordedRequest) => string | undefined,
  options: FakeOptions = {},
): Promise<FakeRegistry> {
  const registry = await startFakeRegistry({
    ...options,
    intercept: async (request, response, incoming) => {
      if ((await options.intercept?.(request, response, incoming)) === true) return true;
      if (!request.path.startsWith("/v2/")) return false;
      const challenge = check(request);
      if (challenge === undefined) return false;
      return send(response, 401, challenge === "" ? {} : { "www-authenticate": challenge });
    },
  });
  registry.blobs.set(address.digest, blob);
  return registry;
}
