import type { SourceRange } from "../../errors/index.ts";
import { matchDirective } from "../directives.ts";
import type { Lint } from "../types.ts";
import { type CheckOptions, parseCheckOptions } from "./options.ts";
import type { LintRule } from "./rules.ts";

/** Collects findings of the rules that are in force. */
export class Reporter {
  readonly #options: CheckOptions;
  readonly #found: Lint[];

  constructor(options: CheckOptions, found: Lint[] = []) {
    this.#options = options;
    this.#found = found;
  }

  get found(): readonly Lint[] {
    return this.#found;
  }

  report(rule: LintRule, range: SourceRange, message: string): void {
    const { skip, experimental } = this.#options;
    const wanted = rule.experimental
      ? experimental === "all" || experimental.includes(rule.name)
      : skip !== "all" && !skip.includes(rule.name);
    if (wanted) this.#found.push({ rule: rule.name, message, range });
  }

  /** With what a `# check=` among the comments right above an instruction adds. */
  within(comments: readonly string[]): Reporter {
    for (const comment of comments) {
      const directive = matchDirective(comment);
      if (directive?.name !== "check") continue;
      const added = parseCheckOptions(directive.value);
      if (typeof added === "string") return this;
      return new Reporter(
        {
          skip: merge(this.#options.skip, added.skip),
          experimental: merge(this.#options.experimental, added.experimental),
          error: this.#options.error,
        },
        this.#found,
      );
    }
    return this;
  }
}

const merge = (a: CheckOptions["skip"], b: CheckOptions["skip"]): CheckOptions["skip"] =>
  a === "all" || b === "all" ? "all" : [...a, ...b];
