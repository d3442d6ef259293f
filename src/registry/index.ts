/**
 * The OCI distribution client: image references, and pushing to and pulling from registries. Nothing here
 * loads the network modules before it is used.
 */
// What other parts of the program fetch over HTTP with: see docs/sources.md.
export { isLoopbackHost, reachFrom } from "./addresses.ts";
export { type BlobSource, blobFromBytes, blobFromFile, blobFromStore } from "./blob-source.ts";
export {
  classOfHost,
  openRepository,
  type RegistryOptions,
  type Repository,
  resolveLocation,
  type Timing,
} from "./connection.ts";
export type { Credentials, Environment } from "./credentials/types.ts";
export { redactedAddress } from "./failures.ts";
export { createHttpClient, type HttpClient, type HttpResponse } from "./http.ts";
export { type LoginInput, type LoginResult, login, logout } from "./login.ts";
export {
  type Annotations,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  type Manifest,
  mediaTypes,
  parseManifest,
} from "./manifest-format.ts";
export {
  type PulledManifest,
  type PushedManifest,
  pullManifest,
  pullManifestIfPresent,
  pushManifest,
} from "./manifests.ts";
export { choosePlatform, defaultPlatform, formatPlatform, type Platform, parsePlatform } from "./platform.ts";
export type { RegistryProgress } from "./progress.ts";
export { type BlobAddress, pullBlob, pullBlobBytes, streamBlob } from "./pull-blob.ts";
export { type PulledComponent, pullComponent } from "./pull-component.ts";
export { type ImageSource, type PulledImage, type PullImageOptions, pullImage } from "./pull-image.ts";
export { hasBlob, type PushBlobOptions, type PushBlobResult, pushBlob } from "./push-blob.ts";
export { type PushComponentInput, type PushedComponent, pushComponent } from "./push-component.ts";
export {
  familiarName,
  familiarReference,
  formatReference,
  manifestKey,
  parseReference,
  parseRegistry,
  type Reference,
} from "./reference.ts";
export { listReferrers, pushReferrer } from "./referrers.ts";
export { parseRetryAfter, type Wait, waitForReal, withRetries } from "./retry.ts";
export { makeWasmArtifact, type WasmArtifact, type WasmArtifactInput } from "./wasm-artifact.ts";
