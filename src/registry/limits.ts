/** What is accepted from outside, in bytes, unless it says otherwise. */
export const limits = {
  manifest: 4 * 1024 * 1024,
  config: 4 * 1024 * 1024,
  token: 1024 * 1024,
  errorBody: 64 * 1024,
  credentialsFile: 4 * 1024 * 1024,
  helperOutput: 1024 * 1024,
  responseHeaders: 64 * 1024,
  /** One blob; registries themselves rarely take more than 10 GiB. */
  blob: 64 * 1024 * 1024 * 1024,
  /** Pages of a referrers list. */
  pages: 100,
  redirects: 5,
  /** Scopes that a challenge may ask for, and the length of each. */
  scopes: 16,
  scopeLength: 512,
  /** Longest wait that a registry may impose by Retry-After, in milliseconds. */
  retryAfter: 60_000,
} as const;
