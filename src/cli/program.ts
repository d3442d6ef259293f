import { Command, CommanderError, Help } from "commander";
import { version } from "../build/version.ts";
import { reportError } from "./error-frame.ts";

/** What each command is called and does; its flags and its work are in commands/<name>.ts, loaded on use. */
const commands = {
  build: { summary: "Build a Dockerfile into one WebAssembly component", group: "Commands:" },
  run: { summary: "Run a component on this machine", group: "Commands:" },
  push: { summary: "Upload a component to a registry", group: "Commands:" },
  pull: { summary: "Download a component from a registry", group: "Commands:" },
  inspect: { summary: "Show a component's configuration, layers and capabilities", group: "Commands:" },
  images: { summary: "List the components that have a name", group: "Local store:" },
  rm: { summary: "Remove names", group: "Local store:" },
  prune: { summary: "Remove what no name and no recent build needs", group: "Local store:" },
  login: { summary: "Log in to a registry", group: "Registries:" },
  logout: { summary: "Log out from a registry", group: "Registries:" },
  parse: { summary: "Show a Dockerfile as the parser sees it", group: "Other:" },
  version: { summary: "Show versions", group: "Other:" },
} as const;

export type CommandName = keyof typeof commands;

/** What a command's file exports as `define`: it adds arguments, flags and the action. */
export type Define = (command: Command) => void;

/**
 * Runs the command line and returns its exit code: 0 done, 1 the build or the guest failed, 2 the command line
 * is wrong, 3 the network or the registry failed; `run` gives the guest's.
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    const program = await createProgram(args);
    await program.parseAsync([...args], { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return await reportError(error);
  }
}

async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("boxwright")
    .description("A Dockerfile goes in, one WebAssembly component comes out.")
    .version(`boxwright ${version}`, "-v, --version", "Show the version")
    .helpOption("-h, --help", "Show help")
    .helpCommand("help [command]", "Show help for a command")
    .showSuggestionAfterError(true)
    .showHelpAfterError("Run 'boxwright --help' for more information.")
    .enablePositionalOptions()
    .exitOverride()
    // That a list is empty, or a switch off, needs no telling.
    .configureHelp({
      optionDescription: (option) =>
        new Help().optionDescription(option).replace(/ \(default: (?:\[\]|false)\)$/, ""),
    })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "ERROR: ")) });
  const chosen = chosenCommand(args);
  for (const [name, { summary, group }] of Object.entries(commands)) {
    const command = program.command(name).summary(summary).description(summary).helpGroup(group);
    if (name === chosen) {
      const { define } = (await import(`./commands/${name}.${extension}`)) as { readonly define: Define };
      define(command);
    }
  }
  return program;
}

/** `.ts` when run from the sources, `.js` when built. */
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** The command whose flags are needed: the first word, or the one that help is asked for. */
function chosenCommand(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
}
