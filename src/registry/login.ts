import { invalidCredentials } from "../errors/registry.ts";
import { openRepository, type RegistryOptions } from "./connection.ts";
import { helperFor, readCredentialsFile } from "./credentials/config.ts";
import { eraseFromHelper, storeInHelper } from "./credentials/helper.ts";
import { credentialsKey, registryKeys } from "./credentials/lookup.ts";
import { primaryCredentialsFile } from "./credentials/places.ts";
import { hasEntry, saveCredentialsFile, withEntry } from "./credentials/save.ts";
import { noScopes } from "./scopes.ts";

export interface LoginInput {
  /** As `parseRegistry` gives it. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

export interface LoginResult {
  /** The file that was changed. */
  readonly file: string;
  /** The helper that has the password; undefined if it is in the file itself, merely encoded. */
  readonly helper: string | undefined;
}

/** Tries the credentials on the registry, and stores them only if it takes them. */
export async function login(
  input: LoginInput,
  options: Omit<RegistryOptions, "credentials"> = {},
): Promise<LoginResult> {
  const { registry, username, password } = input;
  if (username === "" || /[:\p{Cc}]/u.test(username)) {
    throw invalidCredentials("a user name is not empty, and has no colon and no control characters");
  }
  if (password === "") throw invalidCredentials("the password is empty");
  await tryCredentials(input, options);

  const environment = options.environment ?? process.env;
  const signal = options.signal ?? new AbortController().signal;
  const path = primaryCredentialsFile(environment);
  const file = (await readCredentialsFile(path)) ?? { path, content: {} };
  const helper = helperFor(file, registryKeys(registry));
  const key = credentialsKey(registry);
  if (helper !== undefined) {
    await storeInHelper({ helper, environment, signal }, key, username, password);
  }
  // An empty entry tells Docker that its helper has the password.
  const auth = Buffer.from(`${username}:${password}`, "utf8").toString("base64");
  await saveCredentialsFile({
    path,
    content: withEntry(file.content, key, helper === undefined ? { auth } : {}),
  });
  return { file: path, helper };
}

async function tryCredentials(input: LoginInput, options: RegistryOptions): Promise<void> {
  const { registry, username, password } = input;
  const repository = await openRepository(
    { registry, repository: "" },
    { ...options, credentials: { kind: "password", username, password } },
  );
  try {
    const answer = await repository.request({
      method: "GET",
      target: repository.path(""),
      scopes: noScopes,
      accept: [200],
    });
    answer.discard();
  } finally {
    repository.close();
  }
}

/** Forgets a registry's credentials; returns whether there were any. */
export async function logout(
  registry: string,
  options: Pick<RegistryOptions, "environment" | "signal"> = {},
): Promise<boolean> {
  const environment = options.environment ?? process.env;
  const signal = options.signal ?? new AbortController().signal;
  const path = primaryCredentialsFile(environment);
  const file = await readCredentialsFile(path);
  if (file === undefined) return false;
  const helper = helperFor(file, registryKeys(registry));
  const erased =
    helper === undefined
      ? false
      : await eraseFromHelper({ helper, environment, signal }, credentialsKey(registry));
  const keys = registryKeys(registry).filter((key) => hasEntry(file.content, key));
  if (keys.length === 0) return erased;
  const content = keys.reduce((held, key) => withEntry(held, key, undefined), file.content);
  await saveCredentialsFile({ path, content });
  return true;
}
