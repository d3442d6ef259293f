/**
 * What a build takes from elsewhere: git repositories and files over HTTP. Nothing here loads the network's or
 * the process's modules before it is used.
 */
export { classifyAddSource, classifyContext } from "./classify.ts";
export { type FetchGitOptions, fetchGit, type GitOptions, resolveGit } from "./git/fetch.ts";
export { parseGitSource } from "./git/parse.ts";
export { type FetchHttpOptions, fetchHttp, type HttpLimits } from "./http/fetch.ts";
export { parseHttpRecord } from "./http/record.ts";
export type * from "./types.ts";
