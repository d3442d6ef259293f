/**
 * The one error type of Boxwright, and the catalogue of its codes.
 *
 * Every failure that a user can cause or meet is a {@link BoxwrightError}: a stable code, a message that
 * says what was wrong, a hint that says what to do, the source range where there is one, and `cause`.
 * The catalogue is split by subject (one file per folder of src/); each entry is a small pure factory.
 */

/** A place in a Dockerfile. `line` counts from 1, `column` from 0 in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** From `start` up to, and not including, `end`. */
export interface SourceRange {
  readonly start: Position;
  readonly end: Position;
}

/** What the process exits with; see docs/architecture.md, "Command line". */
export type ExitCode = 1 | 2 | 3;

export interface ErrorDetails {
  /** Stable, upper-case, words joined by underscores, for example `UNKNOWN_INSTRUCTION`. */
  readonly code: string;
  /** One sentence, lower-case start, no full stop: what was wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Where in the Dockerfile. */
  readonly range?: SourceRange;
  /** 1 the build or guest failed (default), 2 the command line is wrong, 3 the network or registry failed. */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

export class BoxwrightError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly range: SourceRange | undefined;
  readonly exitCode: ExitCode;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BoxwrightError";
    this.code = details.code;
    this.hint = details.hint;
    this.range = details.range;
    this.exitCode = details.exitCode ?? 1;
  }

  /** The same error, placed in the Dockerfile (keeps a range that is already known). */
  at(range: SourceRange): BoxwrightError {
    if (this.range !== undefined) return this;
    return new BoxwrightError({
      code: this.code,
      message: this.message,
      exitCode: this.exitCode,
      range,
      cause: this.cause,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    });
  }
}
