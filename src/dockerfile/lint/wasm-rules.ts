/** What will not run in a WebAssembly component, and what to do. */
import type { RunInstruction, Stage, StageInstruction } from "../types.ts";
import type { LintOptions } from "./context.ts";
import type { Reporter } from "./reporter.ts";
import { RULES } from "./rules.ts";
import { commandNames } from "./shell-commands.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const PACKAGE_MANAGERS = words("apt apt-get apk aptitude dnf dpkg microdnf pacman rpm yum zypper");
const COMPILERS = words(
  "c++ cargo cc clang clang++ cmake g++ gcc gfortran go javac ld make meson ninja rustc swiftc",
);
const NETWORK = words("curl ftp git nc rsync scp sftp ssh svn wget");
const SYSTEM = words(
  "adduser chroot docker groupadd ldconfig mount podman service sudo su systemctl umount useradd usermod",
);
const SUPERVISORS = words("catatonit dumb-init gosu s6-svscan su-exec supervisord systemd tini");

export function checkWasmBase(
  stage: Stage,
  image: string,
  isFinal: boolean,
  options: LintOptions,
  reporter: Reporter,
): void {
  const { hasRuntime } = options;
  if (hasRuntime === undefined || image === "scratch" || hasRuntime(image)) return;
  const runs = stage.instructions.some((instruction) => instruction.kind === "RUN");
  if (!isFinal && !runs) return;
  reporter.report(
    RULES.wasmNativeBase,
    stage.from.range,
    `No WebAssembly runtime stands in for ${image}: its files can be copied, its programs cannot be run`,
  );
}

export function checkWasm(instruction: StageInstruction, options: LintOptions, reporter: Reporter): void {
  switch (instruction.kind) {
    case "RUN":
      checkRunOptions(instruction, reporter);
      checkCommands(instruction, options, reporter);
      return;
    case "ENTRYPOINT":
    case "CMD": {
      const { command } = instruction;
      const first = command.form === "exec" ? command.words.slice(0, 1) : commandNames(command.script);
      for (const name of first.map((word) => word.split("/").at(-1)!)) {
        if (!SUPERVISORS.has(name)) continue;
        reporter.report(
          RULES.wasmSingleProcess,
          instruction.range,
          `'${name}' supervises processes, and a component is one process: start the application itself`,
        );
      }
      return;
    }
    case "HEALTHCHECK":
      if (instruction.check === "none") return;
      reporter.report(
        RULES.wasmHealthcheckIgnored,
        instruction.range,
        "HEALTHCHECK is kept in the image configuration, but no WASI runtime runs it",
      );
      return;
  }
}

function checkRunOptions(run: RunInstruction, reporter: Reporter): void {
  const wanted = [
    ...(run.security === "insecure" ? ["--security=insecure"] : []),
    ...(run.network === "host" ? ["--network=host"] : []),
    ...(run.devices.length > 0 ? ["--device"] : []),
    ...(run.mounts.some((mount) => mount.type === "ssh") ? ["--mount=type=ssh"] : []),
  ];
  for (const option of wanted) {
    reporter.report(
      RULES.wasmUnsupportedRunOption,
      run.range,
      `RUN ${option} asks for what the sandbox does not have`,
    );
  }
}

function checkCommands(run: RunInstruction, { hasCommand }: LintOptions, reporter: Reporter): void {
  const names =
    run.command.form === "shell"
      ? commandNames(run.command.script)
      : run.command.words.slice(0, 1).map(lastPart);
  for (const name of names) {
    const advice = adviceFor(name);
    if (advice === undefined || hasCommand?.(name) === true) continue;
    reporter.report(
      RULES.wasmUnavailableCommand,
      run.range,
      `Command '${name}' does not exist in WebAssembly: ${advice}`,
    );
  }
}

const lastPart = (path: string) => path.split("/").at(-1)!;

function adviceFor(name: string): string | undefined {
  if (PACKAGE_MANAGERS.has(name))
    return "it installs native programs; use the language's own packages, or COPY files";
  if (COMPILERS.has(name))
    return "it makes native programs; build them elsewhere, or use packages without compiled parts";
  if (NETWORK.has(name)) return "steps have no network but for packages; fetch files with ADD";
  if (SYSTEM.has(name))
    return "there is no system to administer; set users, files and modes with USER and COPY";
  return undefined;
}
