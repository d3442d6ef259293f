/** Rules that follow a stage's instructions with the variables that each sees. */
import type { SourceRange } from "../../errors/index.ts";
import { expandHeredoc, expandWord, expandWords } from "../expand/index.ts";
import { expandMount } from "../mounts.ts";
import { suggest } from "../suggest.ts";
import type { AddInstruction, CopyInstruction, StageInstruction } from "../types.ts";
import { parsePortWord } from "../values/ports.ts";
import type { LintOptions } from "./context.ts";
import type { Reporter } from "./reporter.ts";
import { RULES } from "./rules.ts";
import type { Environment } from "./stages.ts";
import { keywordOf } from "./text-rules.ts";

/** What a stage hands on to those that start from it. */
export interface StageState {
  readonly environment: Map<string, string>;
  /** Arguments that are declared, with or without a value. */
  readonly declared: Set<string>;
  hasWorkdir: boolean;
  hasShell: boolean;
}

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NOT_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;

export class StageWalk {
  readonly #state: StageState;
  readonly #globals: Environment;
  readonly #options: LintOptions;
  readonly #escape: "\\" | "`";
  /** Where the instruction was seen of which only the last counts. */
  readonly #last = new Map<string, SourceRange>();

  constructor(state: StageState, globals: Environment, options: LintOptions, escapeToken: "\\" | "`") {
    this.#state = state;
    this.#globals = globals;
    this.#options = options;
    this.#escape = escapeToken;
  }

  /** Throws what expansion throws. */
  visit(instruction: StageInstruction, reporter: Reporter): void {
    const word = (text: string) => this.#expand(text, instruction, reporter);
    const { environment } = this.#state;
    switch (instruction.kind) {
      case "ENV": {
        // All of one line see what was before it.
        const pairs = instruction.pairs.map(({ key, value }) => [word(key), word(value)] as const);
        for (const [index, [key, value]] of pairs.entries()) {
          if (instruction.pairs[index]!.isLegacy) this.#legacy(instruction, reporter);
          this.#secret("ENV", key, instruction, reporter);
          environment.set(key, value);
        }
        return;
      }
      case "LABEL":
        for (const { key, value, isLegacy } of instruction.pairs) {
          word(key);
          word(value);
          if (isLegacy) this.#legacy(instruction, reporter);
        }
        return;
      case "ARG":
        this.#argument(instruction, reporter);
        return;
      case "COPY":
      case "ADD":
        this.#copy(instruction, word, reporter);
        return;
      case "RUN":
        for (const mount of instruction.mounts) expandMount(mount, word);
        return;
      case "WORKDIR": {
        const path = word(instruction.path);
        if (!this.#state.hasWorkdir && !path.startsWith("/")) {
          reporter.report(
            RULES.workdirRelativePath,
            instruction.range,
            `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
          );
        }
        this.#state.hasWorkdir = true;
        return;
      }
      case "USER":
        word(instruction.user);
        return;
      case "STOPSIGNAL":
        word(instruction.signal);
        return;
      case "VOLUME":
        instruction.paths.forEach(word);
        return;
      case "EXPOSE":
        for (const port of instruction.ports) this.#port(port, instruction, reporter);
        return;
      case "CMD":
      case "ENTRYPOINT":
        this.#onlyOne(instruction, reporter);
        if (instruction.command.form === "shell" && !this.#state.hasShell) {
          reporter.report(
            RULES.jsonArgsRecommended,
            instruction.range,
            `JSON arguments recommended for ${keywordOf(instruction)} to prevent unintended behavior related to OS signals`,
          );
        }
        return;
      case "HEALTHCHECK":
        this.#onlyOne(instruction, reporter);
        return;
      case "SHELL":
        this.#state.hasShell = true;
        return;
    }
  }

  #expand(text: string, instruction: StageInstruction, reporter: Reporter, heredoc = false): string {
    const { environment, declared } = this.#state;
    const missing = new Set<string>();
    const onVariable = (name: string, isSet: boolean) => {
      if (!isSet && !declared.has(name)) missing.add(name);
    };
    const value = heredoc
      ? expandHeredoc(text, environment, { onVariable })
      : expandWord(text, environment, { escape: this.#escape, onVariable });
    for (const name of missing) {
      const near = suggest(name, environment.keys());
      reporter.report(
        RULES.undefinedVar,
        instruction.range,
        `Usage of undefined variable '$${name}'${near === undefined ? "" : ` (did you mean $${near}?)`}`,
      );
    }
    return value;
  }

  #argument(instruction: Extract<StageInstruction, { kind: "ARG" }>, reporter: Reporter): void {
    const given = this.#options.buildArguments ?? {};
    for (const { name, defaultValue } of instruction.arguments) {
      this.#secret("ARG", name, instruction, reporter);
      let value: string | undefined;
      if (Object.hasOwn(given, name)) value = given[name];
      else if (defaultValue !== undefined) value = this.#expand(defaultValue, instruction, reporter);
      else value = this.#globals.get(name);
      if (value !== undefined) this.#state.environment.set(name, value);
      this.#state.declared.add(name);
    }
  }

  #copy(
    instruction: CopyInstruction | AddInstruction,
    word: (text: string) => string,
    reporter: Reporter,
  ): void {
    word(instruction.chown ?? "");
    word(instruction.chmod ?? "");
    if (instruction.kind === "ADD") word(instruction.checksum ?? "");
    const paths: string[] = [];
    for (const source of instruction.sources) {
      if (source.kind === "path") paths.push(word(source.path));
      else if (source.heredoc.expand) this.#expand(source.heredoc.content, instruction, reporter, true);
    }
    word(instruction.destination);
    if (instruction.kind === "COPY" && instruction.from !== undefined) return;
    for (const path of paths) this.#ignored(path, instruction, reporter);
  }

  #ignored(source: string, instruction: CopyInstruction | AddInstruction, reporter: Reporter): void {
    const { ignore } = this.#options;
    // With exceptions it cannot be told what is left of a directory.
    if (ignore === undefined || ignore.patterns.some((pattern) => pattern.startsWith("!"))) return;
    if (instruction.kind === "ADD" && /^(?:[a-z+]+:\/\/|git@)/i.test(source)) return;
    const parts = source.split("/").filter((part) => part !== "" && part !== ".");
    const path = parts.join("/");
    if (path === "" && !ignore.patterns.some((pattern) => ["*", "**", "**/*"].includes(pattern))) return;
    if (path !== "" && !ignore.excludes(path)) return;
    const verb = instruction.kind === "ADD" ? "Add" : "Copy";
    reporter.report(
      RULES.copyIgnoredFile,
      instruction.range,
      `Attempting to ${verb} file ${JSON.stringify(path || ".")} that is excluded by .dockerignore`,
    );
  }

  #port(word: string, instruction: StageInstruction, reporter: Reporter): void {
    for (const port of expandWords(word, this.#state.environment, { escape: this.#escape })) {
      const { protocol, hasHostPart } = parsePortWord(port);
      if (protocol !== protocol.toLowerCase()) {
        reporter.report(
          RULES.exposeProtoCasing,
          instruction.range,
          `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
        );
      }
      if (hasHostPart) {
        reporter.report(
          RULES.exposeInvalidFormat,
          instruction.range,
          `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
        );
      }
    }
  }

  #legacy(instruction: StageInstruction, reporter: Reporter): void {
    const name = keywordOf(instruction);
    reporter.report(
      RULES.legacyKeyValueFormat,
      instruction.range,
      `"${name} key=value" should be used instead of legacy "${name} key value" format`,
    );
  }

  #secret(kind: "ARG" | "ENV", name: string, instruction: StageInstruction, reporter: Reporter): void {
    if (!SECRET.test(name) || NOT_SECRET.test(name)) return;
    reporter.report(
      RULES.secretsUsedInArgOrEnv,
      instruction.range,
      `Do not use ARG or ENV instructions for sensitive data (${kind} ${JSON.stringify(name)})`,
    );
  }

  /** The one before is reported: it is the one that has no effect. */
  #onlyOne(instruction: StageInstruction, reporter: Reporter): void {
    const before = this.#last.get(instruction.kind);
    if (before !== undefined) {
      reporter.report(
        RULES.multipleInstructionsDisallowed,
        before,
        `Multiple ${keywordOf(instruction)} instructions should not be used in the same stage because only the last one will be used`,
      );
    }
    this.#last.set(instruction.kind, instruction.range);
  }
}
