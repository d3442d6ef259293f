/** Real repositories, and a real server for them: git's own CGI program behind an HTTP server on 127.0.0.1. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fetchGit, type GitSource, parseGitSource, resolveGit } from "../../../src/sources/index.ts";
import { never, temporaryDirectory, temporaryStore, treeOf } from "./index.ts";

/** 2024-01-02T03:04:05Z. */
export const commitSeconds = 1_704_164_645;

const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.com",
  GIT_AUTHOR_DATE: `${commitSeconds} +0000`,
  GIT_COMMITTER_DATE: `${commitSeconds} +0000`,
};

export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-c", "core.autocrlf=false", ...args], {
    cwd: directory,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}

/** `-> target` makes a link, `+text` a program, everything else a file. */
export type Files = Readonly<Record<string, string>>;

export interface Repository {
  readonly directory: string;
  /** Writes files, commits all of them, returns the commit's id. */
  commit(files: Files, message?: string): string;
  git(...args: readonly string[]): string;
}

export function createRepository(parent: string, name: string, ...options: readonly string[]): Repository {
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "--quiet", "--initial-branch=main", ...options);
  return {
    directory,
    git: (...args) => git(directory, ...args),
    commit(files, message = "change") {
      for (const [path, text] of Object.entries(files)) {
        const file = join(directory, path);
        mkdirSync(dirname(file), { recursive: true });
        if (text.startsWith("-> ")) symlinkSync(text.slice(3), file);
        else writeFileSync(file, text.replace(/^\+/, ""), { mode: text.startsWith("+") ? 0o755 : 0o600 });
      }
      git(directory, "add", "--all");
      git(directory, "commit", "--quiet", "--allow-empty", "--message", message);
      return git(directory, "rev-parse", "HEAD");
    },
  };
}

/** Adds a submodule's entry to the index as it is: nothing is fetched, no address is checked. */
export function addSubmodule(
  repository: Repository,
  path: string,
  url: string,
  commit: string,
  more = "",
): void {
  repository.git("config", "--file", ".gitmodules", `submodule.${path}.path`, path);
  repository.git("config", "--file", ".gitmodules", `submodule.${path}.url`, url);
  if (more !== "") repository.git("config", "--file", ".gitmodules", `submodule.${path}.update`, more);
  repository.git("add", ".gitmodules");
  repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},${path}`);
  repository.git("commit", "--quiet", "--message", `submodule ${path}`);
}

export interface GitServer {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Where repositories `<name>.git` lie. */
  readonly directory: string;
  readonly requests: { readonly url: string; readonly authorization: string | undefined }[];
  /** Answers instead of git when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Serves the repositories below `directory`: `x.git` is the repository made as `x.git`. */
export async function startGitServer(): Promise<GitServer> {
  const directory = await temporaryDirectory();
  const requests: GitServer["requests"] = [];
  const server: Server = createServer((request, response) => {
    requests.push({ url: request.url ?? "", authorization: request.headers.authorization });
    if (!state.intercept(request, response)) serveGit(directory, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const state: GitServer = {
    origin: `http://127.0.0.1:${port}`,
    directory,
    requests,
    intercept: () => false,
  };
  return state;
}

export function serveGit(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const [, name = "", rest = ""] = /^\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
  const child = spawn("git", ["http-backend"], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: `/${name}/.git${rest}`,
      REQUEST_METHOD: request.method ?? "GET",
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      REMOTE_ADDR: "127.0.0.1",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => {});
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf("\r\n\r\n");
    const headers = output.subarray(0, end).toString("latin1").split("\r\n");
    let status = 200;
    for (const line of headers) {
      const [, key = "", value = ""] = /^([^:]+): *(.*)$/.exec(line) ?? [];
      if (key.toLowerCase() === "status") status = Number.parseInt(value, 10);
      else if (key !== "") response.setHeader(key, value);
    }
    response.writeHead(status);
    response.end(output.subarray(end + 4));
  });
}

export function sourceOf(text: string): GitSource {
  const source = parseGitSource(text, { local: true });
  if (source === undefined) throw new Error(`${text} is not a git source`);
  return source;
}

type Extra = Partial<Omit<Parameters<typeof fetchGit>[0], "source" | "store">>;

export async function fetchTree(text: string, extra: Extra = {}) {
  const store = await temporaryStore();
  const home = await temporaryDirectory();
  const fetched = await fetchGit({ source: sourceOf(text), store, home, signal: never(), ...extra });
  return { ...fetched, tree: treeOf(store, fetched.snapshot), store };
}

export const resolveText = (text: string, extra: Extra = {}) =>
  resolveGit({ source: sourceOf(text), signal: never(), ...extra });
