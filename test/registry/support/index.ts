import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { BoxwrightError } from "../../../src/errors/index.ts";
import type { RegistryError } from "../../../src/errors/registry.ts";
import { openRepository, type RegistryOptions, type Repository } from "../../../src/registry/index.ts";
import { openStore } from "../../../src/store/index.ts";

export * from "./fake-registry.ts";

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "boxwright-registry-"));
  after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function temporaryStore() {
  const store = await openStore(await temporaryDirectory());
  after(() => store.close());
  return store;
}

export interface Observed {
  /** Milliseconds of each pause; none of them is really waited for. */
  readonly pauses: number[];
  readonly options: RegistryOptions;
}

/** Options for tests: no pause is waited for, no credentials of this machine are seen. */
export function quickly(options: RegistryOptions = {}): Observed {
  const pauses: number[] = [];
  return {
    pauses,
    options: {
      environment: { HOME: "/nonexistent" },
      ...options,
      timing: {
        wait: async (milliseconds, signal) => {
          signal.throwIfAborted();
          pauses.push(milliseconds);
        },
        ...options.timing,
      },
    },
  };
}

export async function open(
  host: string,
  options: RegistryOptions = {},
  name = "me/app",
): Promise<Repository> {
  const repository = await openRepository({ registry: host, repository: name }, quickly(options).options);
  after(() => repository.close());
  return repository;
}

/** The coded error that `action` fails with. */
export async function failureOf(action: Promise<unknown>): Promise<BoxwrightError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof BoxwrightError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

export async function codeOf(action: Promise<unknown>): Promise<string> {
  return (await failureOf(action)).code;
}

export async function registryFailureOf(action: Promise<unknown>): Promise<RegistryError> {
  const error = await failureOf(action);
  if (error.name !== "RegistryError") throw error;
  return error as RegistryError;
}
