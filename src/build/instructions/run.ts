import type { RunInstruction } from "../../dockerfile/types.ts";
import { notImplemented, processFailed, runNeedsRuntime } from "../../errors/build.ts";
import { applyLayer, createWorkingTree, emptySnapshot } from "../../filesystem/index.ts";
import type { Layer } from "../../filesystem/types.ts";
import type { RunCommand, RunEvent, RunMount } from "../../sandbox/types.ts";
import { type CacheSlots, holdCaches } from "../run/cache-slots.ts";
import { type PreparedMount, prepareMounts } from "../run/mounts.ts";
import type { Session } from "../session.ts";
import { committed, keyOf, type StageState, treeKey } from "../state.ts";
import type { StepOutcome } from "../step-cache.ts";
import { argumentPrefix, proxyVariables } from "../variables.ts";
import { commandWords } from "./settings.ts";

export interface RunCallbacks {
  readonly start: () => void;
  readonly onOutput: (stream: "stdout" | "stderr", text: string) => void;
}

/** Where BuildKit puts a heredoc that is a script of its own. */
const scriptDirectory = "/dev/pipes";

export async function applyRun(
  session: Session,
  stageIndex: number,
  state: StageState,
  instruction: RunInstruction,
  expand: (word: string) => string,
  callbacks: RunCallbacks,
): Promise<{ readonly state: StageState; readonly outcome: StepOutcome }> {
  refuseUnsupported(instruction);
  const { runtime } = state;
  if (runtime === undefined) throw runNeedsRuntime(state.base);
  const mounts = await prepareMounts(session, stageIndex, state, instruction, expand);
  const script = instruction.scriptFile;
  const command: RunCommand =
    script !== undefined
      ? { kind: "shell", shell: shellOf(state), script: `${scriptDirectory}/${script.name}` }
      : instruction.command.form === "exec"
        ? { kind: "exec", words: instruction.command.words }
        : { kind: "shell", shell: shellOf(state), script: instruction.command.script };
  const words = command.kind === "exec" ? command.words : [...command.shell, command.script];
  const environment = [...state.variables].sort(([a], [b]) => (a < b ? -1 : 1));
  const key = keyOf([
    "RUN",
    treeKey(state.layers),
    runtime,
    await session.runtimeKey(runtime),
    command,
    script?.content ?? null,
    environment,
    state.settings.WorkingDir ?? "/",
    state.settings.User ?? "",
    instruction.network,
    mounts.map((mount) => mount.key),
    session.epoch.seconds,
  ]);
  const outcome = await session.steps.resolve(key, async () => {
    const caches = mounts.flatMap(({ cache }) => cache ?? []);
    if (caches.length > 0) callbacks.start();
    const slots = await holdCaches(session, caches);
    try {
      return await session.runs.use(async () => {
        callbacks.start();
        return execute(session, state, { instruction, runtime, command, words, mounts, slots }, callbacks);
      });
    } finally {
      await slots.release();
    }
  });
  const createdBy = `RUN ${[...argumentPrefix(state), ...words].join(" ")} # buildkit`;
  return { state: committed(state, createdBy, outcome.layer), outcome };
}

interface RunStep {
  readonly instruction: RunInstruction;
  readonly runtime: string;
  readonly command: RunCommand;
  readonly words: readonly string[];
  readonly mounts: readonly PreparedMount[];
  readonly slots: CacheSlots;
}

async function execute(
  session: Session,
  state: StageState,
  { instruction, runtime, command, words, mounts, slots }: RunStep,
  callbacks: RunCallbacks,
): Promise<Layer | undefined> {
  const made = (await Promise.all(mounts.map((mount) => mount.make(slots)))).filter(
    (each) => each !== undefined,
  );
  const scripts = instruction.scriptFile === undefined ? [] : [await scriptMount(session, instruction)];
  const executor = await session.executor();
  const proxies = proxyVariables(session.options.buildArguments ?? {});
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const onEvent = ({ stream, bytes }: RunEvent) => {
    callbacks.onOutput(stream, decoders[stream].decode(bytes, { stream: true }));
  };
  const result = await executor.run(
    {
      snapshot: await session.layers.snapshot(state.layers),
      runtime,
      command,
      environment: { ...proxies, ...Object.fromEntries(state.variables) },
      workingDirectory: state.settings.WorkingDir || "/",
      user: state.settings.User ?? "",
      mounts: [...made.map((each) => each.mount), ...scripts],
      // The only network of a step is what fetches packages; there is no host network to be had, and a lint says so.
      network: instruction.network === "none" ? "none" : "default",
      epoch: session.epoch.seconds,
    },
    { signal: session.signal, onEvent },
  );
  for (const { cache } of made) {
    const draft = cache === undefined ? undefined : result.mountChanges.get(cache.id);
    if (draft !== undefined) await cache?.save(draft);
  }
  if (result.exitCode !== 0) throw processFailed(words, result.exitCode);
  return result.changes.changes.length === 0 ? undefined : session.writeDraft(result.changes);
}

async function scriptMount(session: Session, instruction: RunInstruction): Promise<RunMount> {
  const tree = createWorkingTree(emptySnapshot(), session.store, { now: () => session.epoch });
  const { name = "", content = "" } = instruction.scriptFile ?? {};
  tree.writeFile(`/${name}`, Buffer.from(content, "utf8"), { mode: 0o755 });
  const layer = await session.writeDraft(tree.changes());
  const snapshot = applyLayer(emptySnapshot(), layer.changes);
  return { kind: "tree", target: scriptDirectory, snapshot, readOnly: true, key: undefined };
}

function refuseUnsupported(instruction: RunInstruction): void {
  if (instruction.security === "insecure") throw notImplemented("RUN --security=insecure");
  if (instruction.devices.length > 0) throw notImplemented("RUN --device");
}

function shellOf(state: StageState): readonly string[] {
  return commandWords({ form: "shell", script: "" }, state.settings).slice(0, -1);
}
