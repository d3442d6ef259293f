/**
 * The catalogue of lint rules. Names and messages of the rules without `Wasm` are BuildKit's, so that a
 * `# check=skip=` written for it holds here. docs/lint has one page for each.
 */

export interface LintRule {
  readonly name: string;
  /** What a Dockerfile that keeps the rule is like. */
  readonly description: string;
  /** Only where `experimental=` asks for it. */
  readonly experimental: boolean;
}

const rule = (name: string, description: string, experimental = false): LintRule => ({
  name,
  description,
  experimental,
});

export const RULES = {
  stageNameCasing: rule("StageNameCasing", "A stage's name is written in lower case"),
  fromAsCasing: rule("FromAsCasing", "AS is cased as FROM is"),
  noEmptyContinuation: rule("NoEmptyContinuation", "A continued instruction has no blank lines"),
  consistentInstructionCasing: rule("ConsistentInstructionCasing", "All instructions are cased alike"),
  duplicateStageName: rule("DuplicateStageName", "No two stages have one name"),
  reservedStageName: rule("ReservedStageName", "No stage is called scratch or context"),
  jsonArgsRecommended: rule(
    "JSONArgsRecommended",
    "ENTRYPOINT and CMD are in JSON form, so that signals reach the program",
  ),
  maintainerDeprecated: rule("MaintainerDeprecated", "MAINTAINER is a label nowadays"),
  undefinedArgInFrom: rule("UndefinedArgInFrom", "FROM uses arguments that are declared"),
  workdirRelativePath: rule("WorkdirRelativePath", "The first WORKDIR is absolute"),
  undefinedVar: rule("UndefinedVar", "Variables are defined before they are used"),
  multipleInstructionsDisallowed: rule(
    "MultipleInstructionsDisallowed",
    "A stage has one CMD, ENTRYPOINT and HEALTHCHECK at most",
  ),
  legacyKeyValueFormat: rule("LegacyKeyValueFormat", "ENV and LABEL are written with an equals sign"),
  invalidBaseImagePlatform: rule(
    "InvalidBaseImagePlatform",
    "The base image is for the platform that is built",
  ),
  redundantTargetPlatform: rule("RedundantTargetPlatform", "The target platform is what FROM takes anyway"),
  secretsUsedInArgOrEnv: rule("SecretsUsedInArgOrEnv", "No secrets in ARG and ENV"),
  invalidDefaultArgInFrom: rule(
    "InvalidDefaultArgInFrom",
    "FROM names an image without any build arguments, too",
  ),
  fromPlatformFlagConstDisallowed: rule(
    "FromPlatformFlagConstDisallowed",
    "FROM --platform follows the build's platforms",
  ),
  copyIgnoredFile: rule("CopyIgnoredFile", "COPY and ADD take files that .dockerignore lets through"),
  invalidDefinitionDescription: rule(
    "InvalidDefinitionDescription",
    "A comment right above a stage or argument describes it by its name",
    true,
  ),
  exposeProtoCasing: rule("ExposeProtoCasing", "EXPOSE's protocol is in lower case"),
  exposeInvalidFormat: rule("ExposeInvalidFormat", "EXPOSE has neither addresses nor host ports"),
  wasmUnavailableCommand: rule("WasmUnavailableCommand", "RUN uses programs that exist as WebAssembly"),
  wasmNativeBase: rule("WasmNativeBase", "The base image has a runtime that exists as WebAssembly"),
  wasmUnsupportedRunOption: rule(
    "WasmUnsupportedRunOption",
    "RUN asks for no devices, privileges or host network",
  ),
  wasmSingleProcess: rule(
    "WasmSingleProcess",
    "ENTRYPOINT and CMD start the application itself, not a supervisor",
  ),
  wasmHealthcheckIgnored: rule("WasmHealthcheckIgnored", "No HEALTHCHECK is expected to run"),
} as const;

/** All rules, in the catalogue's order. */
export const lintRules: readonly LintRule[] = Object.values(RULES);
