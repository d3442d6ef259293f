import type { FetchedFile, HttpRecord } from "../../sources/types.ts";
import { keyOf } from "../state.ts";
import { httpAuthorization, type RemoteAccess } from "./access.ts";

const recordKind = "http";

/**
 * A file over HTTP, in the store. One that an earlier build fetched is asked for again, but comes only if it has
 * changed; with its checksum it is not even asked for. `onFetch` is called when bytes come. Throws HTTP_… errors.
 */
export function fetchFile(access: RemoteAccess, url: string, options: FetchOptions): Promise<FetchedFile> {
  return access.once(keyOf(["http", url, options.checksum ?? null]), () => fetchOnce(access, url, options));
}

interface FetchOptions {
  readonly checksum?: string | undefined;
  readonly onFetch: () => void;
}

async function fetchOnce(access: RemoteAccess, url: string, options: FetchOptions): Promise<FetchedFile> {
  const { fetchHttp } = await import("../../sources/index.ts");
  const { store, signal } = access;
  const key = keyOf(url);
  const cachedAs = access.noCache ? undefined : await known(access, key, url);
  const authorization = await httpAuthorization(access, URL.canParse(url) ? new URL(url).host : "");
  const file = await fetchHttp({
    url,
    store,
    signal,
    onProgress: options.onFetch,
    ...(options.checksum === undefined ? {} : { checksum: options.checksum }),
    ...(cachedAs === undefined ? {} : { cachedAs }),
    ...(authorization === undefined ? {} : { authorization }),
  });
  // The address may hold a password; the key stands for it.
  if (!file.unchanged) await store.writeRecord(recordKind, key, { ...file.record, url: "" });
  return file;
}

async function known({ store }: RemoteAccess, key: string, url: string): Promise<HttpRecord | undefined> {
  const record = await store.readRecord(recordKind, key);
  if (record === undefined) return undefined;
  const { parseHttpRecord } = await import("../../sources/index.ts");
  try {
    return { ...parseHttpRecord(record), url };
  } catch {
    // One that cannot be read is as good as none.
    return undefined;
  }
}
