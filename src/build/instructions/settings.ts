import path from "node:path";
import { parsePorts, parseSignal } from "../../dockerfile/index.ts";
import type { Command, HealthcheckInstruction, KeyValue, StageInstruction } from "../../dockerfile/types.ts";
import { emptyVariableName, volumeEmpty } from "../../errors/build.ts";
import type { ImageSettings } from "../../image/types.ts";
import { committed, type StageState, setEntry, withSettings } from "../state.ts";

/** Resolves variables and quotes of a word with the state's variables. */
export type Expand = (word: string) => string;

/** Instructions that change nothing but the image's configuration. */
export type SettingsInstruction = Exclude<
  StageInstruction,
  { kind: "ARG" | "COPY" | "ADD" | "RUN" | "WORKDIR" }
>;

const defaultShell: readonly string[] = ["/bin/sh", "-c"];

/** Words as `%q` of Go prints a list of them, which is how histories show commands. */
const quoted = (words: readonly string[]) => `[${words.map((word) => JSON.stringify(word)).join(" ")}]`;

/** The state after the instruction. `expand` sees the variables from before it. */
export function applySettings(
  state: StageState,
  instruction: SettingsInstruction,
  expand: Expand,
): StageState {
  switch (instruction.kind) {
    case "ENV": {
      const pairs = expandPairs(instruction.pairs, expand, "ENV");
      const variables = new Map(state.variables);
      let entries = state.settings.Env ?? [];
      for (const [key, value] of pairs) {
        variables.set(key, value);
        entries = setEntry(entries, key, value);
      }
      const next = { ...withSettings(state, { Env: entries }), variables };
      return committed(next, `ENV ${pairs.map(([key, value]) => `${key}=${value}`).join(" ")}`);
    }
    case "LABEL": {
      const pairs = expandPairs(instruction.pairs, expand, "LABEL");
      const labels = { ...state.settings.Labels, ...Object.fromEntries(pairs) };
      const text = pairs.map(([key, value]) => `${key}=${value}`).join(" ");
      return committed(withSettings(state, { Labels: labels }), `LABEL ${text}`);
    }
    case "CMD": {
      const words = commandWords(instruction.command, state.settings);
      const next = withSettings(state, { Cmd: words, ArgsEscaped: true });
      return committed({ ...next, commandSet: true }, `CMD ${quoted(words)}`);
    }
    case "ENTRYPOINT": {
      const words = commandWords(instruction.command, state.settings);
      const { Cmd, ...others } = state.settings;
      const kept = state.commandSet && Cmd !== undefined ? { ...others, Cmd } : others;
      return committed({ ...state, settings: { ...kept, Entrypoint: words } }, `ENTRYPOINT ${quoted(words)}`);
    }
    case "SHELL":
      return committed(
        withSettings(state, { Shell: instruction.words }),
        `SHELL [${instruction.words.join(" ")}]`,
      );
    case "USER": {
      const user = expand(instruction.user);
      return committed(withSettings(state, { User: user }), `USER ${user}`);
    }
    case "EXPOSE": {
      const ports = instruction.ports.flatMap((port) => parsePorts(expand(port)));
      const exposed = {
        ...state.settings.ExposedPorts,
        ...Object.fromEntries(ports.map((port) => [port, {}])),
      };
      return committed(withSettings(state, { ExposedPorts: exposed }), `EXPOSE [${ports.join(" ")}]`);
    }
    case "VOLUME": {
      const paths = instruction.paths.map(expand);
      if (paths.includes("")) throw volumeEmpty();
      const volumes = { ...state.settings.Volumes, ...Object.fromEntries(paths.map((each) => [each, {}])) };
      return committed(withSettings(state, { Volumes: volumes }), `VOLUME [${paths.join(" ")}]`);
    }
    case "STOPSIGNAL": {
      const signal = expand(instruction.signal);
      parseSignal(signal);
      return committed(withSettings(state, { StopSignal: signal }), `STOPSIGNAL ${signal}`);
    }
    case "HEALTHCHECK":
      return committed(withSettings(state, { Healthcheck: healthcheck(instruction) }), instruction.source);
    case "ONBUILD":
      return withSettings(state, { OnBuild: [...(state.settings.OnBuild ?? []), instruction.trigger] });
    case "MAINTAINER":
      return committed({ ...state, author: instruction.name }, `MAINTAINER ${instruction.name}`);
  }
}

/** The words of a command: the shell form goes through SHELL. */
export function commandWords(command: Command, settings: ImageSettings): readonly string[] {
  if (command.form === "exec") return command.words;
  const shell = settings.Shell !== undefined && settings.Shell.length > 0 ? settings.Shell : defaultShell;
  return [...shell, command.script];
}

/** WORKDIR's path once it is resolved against the one before. */
export function resolveWorkingDirectory(settings: ImageSettings, given: string): string {
  return path.posix.resolve("/", settings.WorkingDir ?? "/", given);
}

function expandPairs(
  pairs: readonly KeyValue[],
  expand: Expand,
  instruction: string,
): readonly (readonly [string, string])[] {
  return pairs.map(({ key, value }) => {
    const name = expand(key);
    if (name === "") throw emptyVariableName(instruction);
    return [name, expand(value)] as const;
  });
}

function healthcheck(instruction: HealthcheckInstruction): NonNullable<ImageSettings["Healthcheck"]> {
  if (instruction.check === "none") return { Test: ["NONE"] };
  const { command, interval, timeout, startPeriod, startInterval, retries } = instruction;
  const test = command.form === "exec" ? ["CMD", ...command.words] : ["CMD-SHELL", command.script];
  return {
    Test: test,
    ...(interval === undefined ? {} : { Interval: interval }),
    ...(timeout === undefined ? {} : { Timeout: timeout }),
    ...(startPeriod === undefined ? {} : { StartPeriod: startPeriod }),
    ...(startInterval === undefined ? {} : { StartInterval: startInterval }),
    ...(retries === undefined ? {} : { Retries: retries }),
  };
}
