/**
 * What can be wrong with a Dockerfile's text. Messages follow BuildKit's where it has one, so that what
 * people know to search for is there; hints say what to do.
 */
import { BoxwrightError, type SourceRange } from "./index.ts";

function failure(code: string, message: string, hint?: string, range?: SourceRange): BoxwrightError {
  return new BoxwrightError({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(range === undefined ? {} : { range }),
  });
}

const didYouMean = (suggestion: string | undefined) =>
  suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;

// The file as a whole

export const emptyDockerfile = () =>
  failure(
    "EMPTY_DOCKERFILE",
    "file with no instructions",
    "a Dockerfile starts with FROM, for example: FROM scratch",
  );

export const noStages = () =>
  failure("NO_STAGES", "dockerfile contains no stages to build", "add a FROM instruction");

export const dockerfileTooLarge = (limit: number) =>
  failure("DOCKERFILE_TOO_LARGE", `the Dockerfile is longer than ${limit} characters`);

export const lineTooLong = (limit: number, range: SourceRange) =>
  failure(
    "LINE_TOO_LONG",
    `dockerfile line greater than max allowed size of ${limit}`,
    "break the line with the escape character, or COPY a file instead",
    range,
  );

export const duplicateDirective = (name: string, range: SourceRange) =>
  failure(
    "DUPLICATE_DIRECTIVE",
    `only one ${name} parser directive can be used`,
    "remove one of them",
    range,
  );

export const invalidEscape = (value: string, range: SourceRange) =>
  failure(
    "INVALID_ESCAPE_DIRECTIVE",
    `invalid escape token '${value}' does not match \` or \\`,
    "write # escape=\\ or # escape=`",
    range,
  );

export const unknownInstruction = (name: string, suggestion: string | undefined) =>
  failure(
    "UNKNOWN_INSTRUCTION",
    `unknown instruction: ${name}${didYouMean(suggestion)}`,
    suggestion === undefined
      ? "is a line continuation missing at the end of the line before?"
      : `write ${suggestion.toUpperCase()}; if the line belongs to the one before, end that with a line continuation`,
  );

export const notInStage = (name: string) =>
  failure(
    "NO_BUILD_STAGE",
    `no build stage in current context: ${name} before the first FROM`,
    "put FROM first",
  );

// Words, flags, JSON, heredocs

export const notStringArray = () =>
  failure(
    "JSON_NOT_STRINGS",
    "when using JSON array syntax, arrays must be comprised of strings only",
    "quote every element",
  );

export const unterminatedHeredoc = (name: string) =>
  failure(
    "UNTERMINATED_HEREDOC",
    `unterminated heredoc: no line ${name} follows`,
    `end the text with a line ${name}`,
  );

export const unknownFlag = (flag: string, suggestion: string | undefined, known: readonly string[]) =>
  failure(
    "UNKNOWN_FLAG",
    `unknown flag: ${flag}${didYouMean(suggestion)}`,
    known.length === 0
      ? "this instruction takes no flags; write -- before an argument that begins with --"
      : `it takes: ${known.map((name) => `--${name}`).join(", ")}`,
  );

export const duplicateFlag = (flag: string) =>
  failure("DUPLICATE_FLAG", `duplicate flag specified: ${flag}`, "keep one");

export const flagWithoutValue = (flag: string) =>
  failure("FLAG_WITHOUT_VALUE", `missing a value on flag: ${flag}`, `write ${flag}=…`);

export const flagNotBoolean = (flag: string, value: string) =>
  failure(
    "FLAG_NOT_BOOLEAN",
    `expecting boolean value for flag ${flag}, not: ${value}`,
    "write true or false",
  );

export const invalidFlagValue = (message: string, hint?: string) =>
  failure("INVALID_FLAG_VALUE", message, hint);

// Arguments

export const tooFewArguments = (name: string) =>
  failure("TOO_FEW_ARGUMENTS", `${name} requires at least one argument`);

export const notOneArgument = (name: string) =>
  failure("TOO_FEW_ARGUMENTS", `${name} requires exactly one argument`);

export const noDestination = (name: string) =>
  failure(
    "NO_DESTINATION",
    `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    `write ${name} <source> <destination>`,
  );

export const heredocDestination = (name: string) =>
  failure(
    "HEREDOC_DESTINATION",
    `${name} cannot accept a heredoc as a destination`,
    "put the destination last",
  );

export const blankName = (name: string) => failure("BLANK_NAME", `${name} names can not be blank`);

export const pairWithoutValue = (name: string) =>
  failure("PAIR_WITHOUT_VALUE", `${name} must have two arguments`, `write ${name} name=value`);

export const pairWithoutEquals = (word: string) =>
  failure(
    "PAIR_WITHOUT_EQUALS",
    `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
    "quote a value that contains spaces",
  );

export const fromArguments = () =>
  failure("FROM_ARGUMENTS", "FROM requires either one or three arguments", "write FROM <image> [AS <name>]");

export const invalidStageName = (name: string) =>
  failure(
    "INVALID_STAGE_NAME",
    `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`,
    "a name is a letter, then letters, digits, - _ .",
  );

export const shellNotJson = (source: string) =>
  failure(
    "SHELL_NOT_JSON",
    `SHELL requires the arguments to be in JSON form, not: ${source}`,
    'write SHELL ["/bin/sh", "-c"]',
  );

export const emptyVolume = () => failure("EMPTY_VOLUME", "VOLUME specified can not be an empty string");

export const runWithoutCommand = () =>
  failure("RUN_WITHOUT_COMMAND", "RUN has no command", "write the command after RUN");

export const jsonWithHeredoc = () =>
  failure("INVALID_RUN", "a RUN instruction with a heredoc has to be in shell form");

export const forbiddenTrigger = (name: string) =>
  failure(
    "FORBIDDEN_TRIGGER",
    name === "ONBUILD"
      ? "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
      : `${name} isn't allowed as an ONBUILD trigger`,
  );

export const triggerNotSingle = () =>
  failure("TRIGGER_NOT_SINGLE", "onbuild trigger should be a single expression");

export const fromVariable = () =>
  failure(
    "FROM_FLAG_VARIABLE",
    "variable expansion is not supported for --from",
    "define a stage for it: FROM $VARIABLE AS name, then --from=name",
  );

export const invalidHealthcheck = (message: string, hint?: string) =>
  failure("INVALID_HEALTHCHECK", message, hint);

export const invalidDuration = (text: string) =>
  failure(
    "INVALID_DURATION",
    `invalid duration ${JSON.stringify(text)}`,
    "write a number and a unit: 30s, 1m30s, 500ms",
  );

export const invalidMount = (message: string, hint?: string) => failure("INVALID_MOUNT", message, hint);

export const invalidCsv = (message: string) =>
  failure(
    "INVALID_CSV",
    `failed to parse comma-separated fields: ${message}`,
    'a field with a comma is quoted whole: "target=/a,b"',
  );

export const invalidDevice = (message: string) => failure("INVALID_DEVICE", message);

export const invalidPort = (port: string, reason: string) =>
  failure(
    "INVALID_PORT",
    `invalid port: ${JSON.stringify(port)}: ${reason}`,
    "write 80, 80/udp or 8000-8010/tcp",
  );

export const invalidFileMode = (mode: string) =>
  failure(
    "INVALID_FILE_MODE",
    `invalid chmod parameter: ${JSON.stringify(mode)}`,
    "write an octal mode up to 7777, or one like u=rwX,go=rX",
  );

export const invalidSignal = (signal: string) =>
  failure("INVALID_SIGNAL", `invalid signal: ${signal}`, "write a number or a name, for example SIGTERM");

export const invalidPlatform = (platform: string, reason: string) =>
  failure(
    "INVALID_PLATFORM",
    `failed to parse platform ${JSON.stringify(platform)}: ${reason}`,
    "write os/architecture, for example linux/amd64",
  );

export const invalidCheckDirective = (message: string, range: SourceRange) =>
  failure("INVALID_CHECK_DIRECTIVE", message, "write # check=skip=RuleName,OtherRule;error=true", range);

export const lintViolation = (rules: readonly string[]) =>
  failure(
    "LINT_VIOLATION",
    `lint violation found for rules: ${rules.join(", ")}`,
    "mend them, or name them in # check=skip=…",
  );

// Expansion

export const expansionSyntax = (word: string, reason: string) =>
  failure("EXPANSION_SYNTAX", `failed to process ${JSON.stringify(word)}: ${reason}`);

export const variableRequired = (word: string, name: string, message: string) =>
  failure(
    "VARIABLE_REQUIRED",
    `failed to process ${JSON.stringify(word)}: ${name}: ${message}`,
    `give it a value with --build-arg ${name}=…, or in ARG or ENV`,
  );

export const expansionLimit = (what: string) =>
  failure("EXPANSION_LIMIT", `variable expansion is too large: ${what}`);
