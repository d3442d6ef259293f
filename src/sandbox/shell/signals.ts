/** `exit`, and `set -e` striking: ends the (sub)shell. */
export class ShellExit extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

export class LoopSignal extends Error {
  readonly action: "break" | "continue";
  /** How many loops it still has to leave. */
  readonly levels: number;
  constructor(action: "break" | "continue", levels: number) {
    super(action);
    this.action = action;
    this.levels = levels;
  }
}

export class ReturnSignal extends Error {
  readonly status: number;
  constructor(status: number) {
    super("return");
    this.status = status;
  }
}

/** An expansion or redirection that fails: the command is not run; fatal ones end the shell (POSIX 2.8.1). */
export class ShellError extends Error {
  readonly status: number;
  readonly fatal: boolean;
  constructor(message: string, status = 1, fatal = false) {
    super(message);
    this.status = status;
    this.fatal = fatal;
  }
}
