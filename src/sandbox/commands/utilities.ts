import type { ByteString, Command } from "just-bash";
import type { WorkingTree } from "../../filesystem/types.ts";
import { collector, drain, inputFrom } from "../guest/channel.ts";
import { PIPE_LIMIT, runIsolated } from "../shell/interpreter.ts";
import { quote } from "../shell/quote.ts";
import { runText, type Shell, subshell, write } from "../shell/shell.ts";
import { setVariable } from "../shell/state.ts";
import { createTreeFileSystem } from "./tree-filesystem.ts";
import type { CommandCall } from "./types.ts";

/** The commands taken from just-bash: those that Debian's slim images have too. */
export const UTILITIES: ReadonlySet<string> = new Set(
  (
    "awk base64 basename cat chmod column comm cut date diff dirname du egrep expand expr fgrep file find fold " +
    "grep gunzip gzip head join ln md5sum nl paste printenv readlink rev rm rmdir sed seq sha1sum " +
    "sha256sum sleep sort split strings tac tail tar tee tr unexpand uniq wc zcat"
  ).split(" "),
);

const MAX_INPUT = 512 * 1024 * 1024;

export interface Utilities {
  /** Runs one of `UTILITIES`; returns its exit code. */
  run(call: CommandCall): Promise<number>;
}

/**
 * just-bash's commands, without its interpreter: each is called with a context of ours, so that what it
 * starts itself (`find -exec`) comes back to our shell.
 */
export async function loadUtilities(tree: WorkingTree): Promise<Utilities> {
  const library = await import("just-bash");
  let current: Shell["state"] | undefined;
  const fs = createTreeFileSystem(tree, {
    umask: () => current?.umask ?? 0o022,
    stream: (fd) => current?.descriptors.get(fd),
  });
  const bash = new library.Bash({ fs, cwd: "/", defenseInDepth: false });
  // The registry has no public accessor; its shape is pinned with the exact version of the package.
  const { commands } = bash as unknown as { readonly commands: ReadonlyMap<string, Command> };

  async function execInShell(shell: Shell, script: string, options: ExecOptions) {
    const [out, err] = [collector(PIPE_LIMIT), collector(PIPE_LIMIT)];
    const text = [script, ...(options.args ?? []).map(quote)].join(" ");
    const exitCode = await runIsolated(shell, async (copy) => {
      copy.state.workingDirectory = options.cwd;
      for (const [name, value] of Object.entries(options.env ?? {}))
        setVariable(copy.state, name, value, { exported: true });
      copy.state.descriptors.set(0, inputFrom(Buffer.from(options.stdin ?? "", "latin1")));
      copy.state.descriptors.set(1, out);
      copy.state.descriptors.set(2, err);
      return runText(copy, text);
    });
    return {
      stdout: Buffer.from(out.bytes()).toString("latin1"),
      stderr: new TextDecoder().decode(err.bytes()),
      stdoutKind: "bytes" as const,
      exitCode,
    };
  }

  return {
    async run({ shell, name, args, environment }) {
      const command = commands.get(name);
      if (command === undefined) throw new Error(`just-bash has no ${name}`);
      const { state } = shell;
      current = state;
      const context = library.createCommandContext({
        fs,
        cwd: state.workingDirectory,
        env: new Map(Object.entries(environment)),
        exportedEnv: { ...environment },
        exec: (script, options) => execInShell(subshell(shell), script, options),
        getRegisteredCommands: () => [...UTILITIES],
      });
      // Standard input is read only if the command asks for it: the rest of a loop may want it.
      let input: ByteString | undefined;
      Object.defineProperty(context, "stdin", {
        get() {
          const channel = state.descriptors.get(0);
          input ??= library.unsafeBytesFromLatin1(
            channel === undefined ? "" : Buffer.from(drain(channel, MAX_INPUT)).toString("latin1"),
          );
          return input;
        },
      });
      const result = await command.execute([...args], context);
      const bytes = Buffer.from(library.latin1FromBytes(library.stdoutAsBytes(result)), "latin1");
      if (bytes.length > 0) write(shell, 1, bytes);
      if (result.stderr !== "") write(shell, 2, result.stderr);
      return result.exitCode;
    },
  };
}

interface ExecOptions {
  readonly cwd: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}
