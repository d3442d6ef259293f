/** The Dockerfile front end: text to typed instructions, words to values. Pure: no I/O, no environment. */

export { parseCsv } from "./csv.ts";
export { describe, type InstructionDescription } from "./describe.ts";
export {
  type ExpandOptions,
  expandHeredoc,
  expandWord,
  expandWords,
  type VariableSource,
} from "./expand/index.ts";
export {
  type KnownBase,
  type LintOptions,
  type LintReport,
  type LintRule,
  lint,
  lintError,
  lintRules,
} from "./lint/index.ts";
export { expandMount } from "./mounts.ts";
export { parse, parseTrigger } from "./parse.ts";
export type * from "./types.ts";
export { parseDuration } from "./values/duration.ts";
export { applyFileMode, type FileMode, parseFileMode } from "./values/file-mode.ts";
export { type Platform, parsePlatform } from "./values/platform.ts";
export { parsePorts } from "./values/ports.ts";
export { parseSignal } from "./values/signals.ts";
