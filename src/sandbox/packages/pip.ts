import type { WorkingTree } from "../../filesystem/types.ts";
import type { GuestCall } from "../execute.ts";
import { errnoName } from "../shell/messages.ts";
import { absolutePath } from "../shell/paths.ts";

/** Options of the interpreter that take the next word as their value. */
const WITH_VALUE = new Set(["-X", "-W", "--check-hash-based-pycs"]);

/** Whether a file is one of pip's console scripts: by what it imports, whatever it is called. */
function isPipScript(tree: WorkingTree, path: string): boolean {
  if (!/(^|\/)pip[0-9.]*$/.test(path)) return false;
  try {
    const head = new Uint8Array(4096);
    const count = tree.read(tree.resolve(path), 0, head);
    return /from pip\._internal|import pip\b/.test(new TextDecoder().decode(head.subarray(0, count)));
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return false;
  }
}

/** Where the interpreter's own options end in argv. */
function optionCount(words: readonly string[]): number {
  let at = 1;
  while (at < words.length && /^-[^cm-]/.test(words[at]!)) at += WITH_VALUE.has(words[at]!) ? 2 : 1;
  return at;
}

/** Whether a guest's command line starts pip. */
export function isPip(tree: WorkingTree, { words, workingDirectory }: GuestCall): boolean {
  const at = optionCount(words);
  const word = words[at];
  if (word === "-m") return words[at + 1] === "pip";
  return (
    word !== undefined && !word.startsWith("-") && isPipScript(tree, absolutePath(workingDirectory, word))
  );
}

/** The same command line, started through the driver. Options that end the interpreter at once are left alone. */
export function throughDriver(words: readonly string[], driver: string): readonly string[] {
  const at = optionCount(words);
  const clustered = words.slice(1, at);
  // -I and -E would hide the directories that the driver is found by; the driver starts everything itself.
  const kept = clustered.filter((option) => !/^-[IEsSP]+$/.test(option));
  return words[at] === undefined ? words : [words[0]!, ...kept, driver, ...words.slice(at)];
}
