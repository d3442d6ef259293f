import type { Command, Dockerfile, Heredoc, Instruction } from "../../src/dockerfile/index.ts";

/** A Dockerfile's typed instructions as text again: what is read from it has to be the same. */
export function print(dockerfile: Dockerfile): string {
  const printer = new Printer(dockerfile.escape);
  const instructions = [
    ...dockerfile.globalArguments,
    ...dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions]),
  ];
  const head = dockerfile.escape === "`" ? "# escape=`\n" : "";
  return head + instructions.map((instruction) => `${printer.print(instruction)}\n`).join("");
}

class Printer {
  readonly #escape: string;

  constructor(escapeToken: string) {
    this.#escape = escapeToken;
  }

  print(instruction: Instruction): string {
    const { flags, rest } = this.#parts(instruction);
    const separator = rest.startsWith("--") ? ["--"] : [];
    return [instruction.kind, ...flags, ...separator, rest].join(" ");
  }

  #parts(instruction: Instruction): { readonly flags: readonly string[]; readonly rest: string } {
    const plain = (rest: string) => ({ flags: [], rest });
    switch (instruction.kind) {
      case "FROM": {
        const { image, stageName, platform } = instruction;
        const name = stageName === undefined ? "" : ` AS ${stageName}`;
        return { flags: this.#flags({ platform }), rest: image + name };
      }
      case "ARG":
        return plain(
          instruction.arguments
            .map(({ name, defaultValue }) => (defaultValue === undefined ? name : `${name}=${defaultValue}`))
            .join(" "),
        );
      case "ENV":
      case "LABEL":
        return plain(
          instruction.pairs.map(({ key, value, isLegacy }) => key + (isLegacy ? " " : "=") + value).join(" "),
        );
      case "COPY":
      case "ADD":
        return this.#copy(instruction);
      case "RUN":
        return this.#run(instruction);
      case "CMD":
      case "ENTRYPOINT":
        return plain(command(instruction.command));
      case "SHELL":
        return plain(JSON.stringify(instruction.words));
      case "VOLUME":
        return plain(JSON.stringify(instruction.paths));
      case "WORKDIR":
        return plain(instruction.path);
      case "USER":
        return plain(instruction.user);
      case "STOPSIGNAL":
        return plain(instruction.signal);
      case "MAINTAINER":
        return plain(instruction.name);
      case "EXPOSE":
        return plain(instruction.ports.join(" "));
      case "ONBUILD":
        return plain(instruction.trigger);
      case "HEALTHCHECK": {
        if (instruction.check === "none") return plain("NONE");
        const { interval, timeout, startPeriod, startInterval, retries } = instruction;
        const time = (nanoseconds: number | undefined) =>
          nanoseconds === undefined ? undefined : `${nanoseconds}ns`;
        const flags = this.#flags({
          interval: time(interval),
          timeout: time(timeout),
          "start-period": time(startPeriod),
          "start-interval": time(startInterval),
          retries: retries?.toString(),
        });
        return { flags, rest: `CMD ${command(instruction.command)}` };
      }
    }
  }

  #copy(copy: Extract<Instruction, { kind: "COPY" | "ADD" }>) {
    const { chown, chmod, link, exclude, sources, destination } = copy;
    const own =
      copy.kind === "COPY"
        ? { from: copy.from, parents: copy.parents }
        : { checksum: copy.checksum, "keep-git-dir": copy.keepGitDir, unpack: copy.unpack };
    const flags = [
      ...this.#flags({ chown, chmod, link, ...own }),
      ...exclude.flatMap((pattern) => this.#flags({ exclude: pattern })),
    ];
    const heredocs = sources.flatMap((source) => (source.kind === "heredoc" ? [source.heredoc] : []));
    const words = sources.map((source) => (source.kind === "path" ? source.path : operator(source.heredoc)));
    const rest =
      heredocs.length === 0
        ? JSON.stringify([...words, destination])
        : [...words, destination].join(" ") + heredocs.map(body).join("");
    return { flags, rest };
  }

  #run(run: Extract<Instruction, { kind: "RUN" }>) {
    const { network, security, mounts, devices, heredocs } = run;
    const flags = [
      ...mounts.flatMap((mount) => this.#flags({ mount: mount.text })),
      ...devices.flatMap((device) => this.#flags({ device })),
      ...this.#flags({ network, security }),
    ];
    const [only] = heredocs;
    const isScript =
      only !== undefined && run.command.form === "shell" && run.command.script === only.content;
    return { flags, rest: isScript ? operator(only) + heredocs.map(body).join("") : command(run.command) };
  }

  #flags(values: Readonly<Record<string, string | boolean | undefined>>): readonly string[] {
    return Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${this.#quote(String(value))}`],
    );
  }

  #quote(value: string): string {
    return [...value].map((c) => (/[\s'"\\`]/.test(c) ? this.#escape + c : c)).join("");
  }
}

const command = (value: Command) => (value.form === "exec" ? JSON.stringify(value.words) : value.script);
const operator = ({ name, expand, chomp, fileDescriptor }: Heredoc) =>
  `${fileDescriptor || ""}<<${chomp ? "-" : ""}${expand ? name : `'${name}'`}`;
const body = ({ name, content }: Heredoc) => `\n${content}${name}`;
