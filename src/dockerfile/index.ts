/** The Dockerfile front end: text to typed instructions, words to values. Pure: no I/O, no environment. */
export {
  type ExpandOptions,
  expandHeredoc,
  expandWord,
  expandWords,
  type VariableSource,
} from "./expand/index.ts";
export { expandMount } from "./mounts.ts";
export { parse, parseTrigger } from "./parse.ts";
export type * from "./types.ts";
export { parseDuration } from "./values/duration.ts";
export { parsePorts } from "./values/ports.ts";
