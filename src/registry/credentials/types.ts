/** What is known to log in to a registry with. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token (user name `<token>` in credential helpers). */
  | { readonly kind: "identity-token"; readonly token: string }
  /** A Bearer token for the registry itself (`registrytoken`). */
  | { readonly kind: "registry-token"; readonly token: string };

/** The process's environment, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>;
