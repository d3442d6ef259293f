import { createReadStream, statSync } from "node:fs";
import path from "node:path";
import type { BuildOptions, ContextInput, DockerfileInput, SecretSource } from "../build/index.ts";
import { contextMissing } from "../errors/build.ts";
import { usageError } from "../errors/cli.ts";
import type { ProgressKind } from "./progress/index.ts";
import { readBounded } from "./read-bounded.ts";

/** As commander gives them; choices are checked by it. */
export interface BuildFlags {
  readonly file?: string;
  readonly output?: readonly string[];
  readonly tag?: readonly string[];
  readonly target?: string;
  readonly buildArg?: readonly string[];
  readonly buildContext?: readonly string[];
  readonly secret?: readonly string[];
  readonly label?: readonly string[];
  readonly annotation?: readonly string[];
  readonly platform?: string;
  readonly cache?: boolean;
  /** `--no-cache-filter`: the parser takes `no-` for a negation. */
  readonly cacheFilter?: readonly string[];
  readonly cacheFrom?: readonly string[];
  readonly cacheTo?: readonly string[];
  readonly base?: "embedded" | "registry";
  readonly format?: string;
  readonly progress?: ProgressKind;
  readonly timestamps?: "fixed" | "keep";
  readonly check?: boolean;
  readonly metadataFile?: string;
  readonly iidfile?: string;
  readonly quiet?: boolean;
}

/** Flags and the CONTEXT argument as the library takes them. Throws errors with exit code 2. */
export async function readBuildFlags(context: string, flags: BuildFlags): Promise<BuildOptions> {
  const inputs = await readInputs(context, flags.file);
  const format = flags.check === true ? undefined : readFormat(flags.format);
  return {
    ...inputs,
    ...(flags.check === true ? {} : await readOutputs(flags, format)),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    ...(format === undefined ? {} : { format }),
    tags: flags.tag ?? [],
    buildArguments: Object.fromEntries((flags.buildArg ?? []).flatMap(buildArgument)),
    buildContexts: Object.fromEntries(
      (flags.buildContext ?? []).map((value) => pair("--build-context", value)),
    ),
    labels: Object.fromEntries((flags.label ?? []).map(label)),
    secrets: (flags.secret ?? []).map((value) => readSecretFlag(value)),
    noCache: flags.cache === false,
    ...(await readCacheFlags(flags)),
    base: flags.base ?? "embedded",
    timestamps: flags.timestamps ?? "fixed",
  };
}

async function readCacheFlags({ cacheFilter = [], cacheFrom = [], cacheTo = [] }: BuildFlags) {
  const noCacheFilter = cacheFilter.flatMap((stages) => stages.split(",")).filter((name) => name !== "");
  if (cacheFrom.length === 0 && cacheTo.length === 0) return { noCacheFilter };
  const { readCacheFrom, readCacheTo } = await import("./cache-flags.ts");
  return {
    noCacheFilter,
    cacheFrom: await readCacheFrom(cacheFrom),
    cacheTo: await readCacheTo(cacheTo),
  };
}

async function readOutputs(
  { output = [], annotation = [] }: BuildFlags,
  format: ReturnType<typeof readFormat>,
): Promise<Pick<BuildOptions, "outputs" | "annotations">> {
  if (output.length === 0 && annotation.length === 0) return {};
  const { readAnnotationFlag, readOutputFlags } = await import("./output-flags.ts");
  return {
    ...(output.length === 0 ? {} : { outputs: await readOutputFlags(output, format) }),
    annotations: annotation.flatMap(readAnnotationFlag),
  };
}

function readFormat(format: string | undefined): "component" | "module" | "oci" | undefined {
  if (format === undefined || format === "component" || format === "module" || format === "oci")
    return format;
  throw usageError(`--format is component, module or oci, not ${JSON.stringify(format)}`);
}

async function readInputs(
  context: string,
  file: string | undefined,
): Promise<{ readonly context: ContextInput; readonly dockerfile: DockerfileInput }> {
  if (file === "-" && context === "-")
    throw usageError(
      "standard input cannot be both the build context and the Dockerfile",
      "name one of them as a file",
    );
  if (context === "-") return readStandardInput(file);
  const dockerfileText = file === "-" ? await readBounded("-") : undefined;
  const input = await openContextArgument(context);
  if (dockerfileText !== undefined)
    return { context: input, dockerfile: { kind: "text", text: dockerfileText } };
  if (file === undefined) return { context: input, dockerfile: { kind: "context", path: "Dockerfile" } };
  return {
    context: input,
    dockerfile: { kind: input.kind === "directory" ? "file" : "context", path: file },
  };
}

/** What is there wins over an address that reads the same. */
async function openContextArgument(context: string): Promise<ContextInput> {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(context).isDirectory();
  } catch (cause) {
    const { classifyContext } = await import("../sources/index.ts");
    if (classifyContext(context, () => false).kind === "directory") throw contextMissing(context, cause);
    return { kind: "remote", address: context };
  }
  return isDirectory
    ? { kind: "directory", path: context }
    : { kind: "archive", chunks: createReadStream(context) };
}

/** A tar archive is a context; anything else is a Dockerfile without one. */
async function readStandardInput(file: string | undefined) {
  const { isArchive } = await import("../filesystem/index.ts");
  const iterator = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head: Buffer[] = [];
  let length = 0;
  while (length < 65_536) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    head.push(value);
    length += value.length;
  }
  if (length === 0) throw usageError("standard input is empty", "pipe a Dockerfile or a tar archive into it");
  async function* chunks(): AsyncGenerator<Buffer> {
    yield* head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  async function* onlyHead(): AsyncGenerator<Buffer> {
    yield* head;
  }
  if (await isArchive(onlyHead())) {
    const dockerfile: DockerfileInput = { kind: "context", path: file ?? "Dockerfile" };
    return { context: { kind: "archive", chunks: chunks() } as const, dockerfile };
  }
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunks()) text += decoder.decode(chunk, { stream: true });
  return { context: { kind: "empty" } as const, dockerfile: { kind: "text", text } as const };
}

/** `NAME=VALUE`, or `NAME` for the environment's value; an unset one is not passed on (as Docker does). */
function buildArgument(text: string): readonly (readonly [string, string])[] {
  if (text.includes("=")) return [pair("--build-arg", text)];
  const value = process.env[text];
  return value === undefined ? [] : [[text, value]];
}

const label = (text: string): readonly [string, string] =>
  text.includes("=") ? pair("--label", text) : [text, ""];

export function pair(flag: string, text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw usageError(`${flag} takes NAME=VALUE, not ${JSON.stringify(text)}`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`, or `id=NAME`: the variable of that name, else the file. */
export function readSecretFlag(text: string, environment: NodeJS.ProcessEnv = process.env): SecretSource {
  const fields = new Map<string, string>();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    if (equals < 1) throw invalidSecret(text, `${JSON.stringify(part)} has no value`);
    fields.set(part.slice(0, equals).toLowerCase(), part.slice(equals + 1));
  }
  const unknown = [...fields.keys()].find((name) => !["id", "src", "source", "env", "type"].includes(name));
  if (unknown !== undefined) throw invalidSecret(text, `unknown field ${JSON.stringify(unknown)}`);
  const type = fields.get("type") ?? "file";
  if (type !== "file" && type !== "env") throw invalidSecret(text, `unknown type ${JSON.stringify(type)}`);
  const given = fields.get("src") ?? fields.get("source");
  const id = fields.get("id") ?? (given === undefined ? "" : path.basename(given));
  if (id === "") throw invalidSecret(text, "it has no id");
  const wantsVariable = fields.get("env") ?? (type === "env" ? (given ?? id) : undefined);
  const implied = given === undefined && environment[id] !== undefined ? id : undefined;
  const variable = wantsVariable ?? implied;
  if (variable === undefined) return { id, kind: "file", path: given ?? id };
  const value = environment[variable];
  if (value === undefined) throw usageError(`secret ${id}: the environment variable ${variable} is not set`);
  return { id, kind: "bytes", bytes: Buffer.from(value, "utf8") };
}

const invalidSecret = (text: string, why: string) =>
  usageError(`--secret ${JSON.stringify(text)}: ${why}`, "--secret id=NAME,src=FILE or id=NAME,env=VARIABLE");
