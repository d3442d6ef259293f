import { applySetOptions, NO_OPTIONS, type ShellOptions } from "./set-options.ts";

/** How a shell was called (sh(1): `sh [options] [-c command [name]] [file] [argument…]`). */
export type Invocation =
  | {
      readonly kind: "command";
      readonly script: string;
      /** `$0` first; empty where none was given. */
      readonly positional: readonly string[];
      readonly options: ShellOptions;
    }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly positional: readonly string[];
      readonly options: ShellOptions;
    }
  | { readonly kind: "refused"; readonly why: string; readonly hint: string };

const PROGRAM_HINT = "name a program or a script in CMD or ENTRYPOINT";

/** Takes a shell's command line apart; `argv[0]` is the shell's own name. */
export function parseShellInvocation(argv: readonly string[]): Invocation {
  const words = argv.slice(1);
  const flags: string[] = [];
  let isCommand = false;
  for (let word = words[0]; word !== undefined && /^[-+]./.test(word); word = words[0]) {
    words.shift();
    if (word === "--") break;
    if (/^-[a-z]*c[a-z]*$/.test(word)) {
      isCommand = true;
      word = word.replace("c", "");
    }
    if (word === "-") continue;
    if (word === "-l" || word === "--login" || word === "-i") {
      const why = `it starts a login or interactive shell (${word})`;
      return { kind: "refused", why, hint: "leave the option out, and set what profile files set with ENV" };
    }
    flags.push(word);
    if (/^[-+][a-z]*o$/.test(word)) flags.push(words.shift() ?? "");
  }
  const options = applySetOptions(NO_OPTIONS, flags);
  if (options === undefined) {
    return {
      kind: "refused",
      why: `it starts a shell with ${flags.join(" ")}`,
      hint: "use no other options than -aefux, -o pipefail and -c",
    };
  }
  const [first, ...rest] = words;
  if (isCommand) {
    if (first === undefined)
      return { kind: "refused", why: "its shell has -c but no command", hint: PROGRAM_HINT };
    return { kind: "command", script: first, positional: rest, options };
  }
  if (first === undefined)
    return { kind: "refused", why: "it starts an interactive shell", hint: PROGRAM_HINT };
  return { kind: "file", path: first, positional: words, options };
}
