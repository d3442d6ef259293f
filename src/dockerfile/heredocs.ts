/** `<<NAME` in RUN, COPY and ADD. */
import { splitWords, unquoteWords } from "./expand/index.ts";
import type { Heredoc } from "./types.ts";

export type HeredocStart = Omit<Heredoc, "content">;

const HEREDOC = /^([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)$/;
const MAXIMUM_DESCRIPTOR = 2n ** 64n - 1n;

/** A word that begins a heredoc, or undefined. Throws where the name's quotes are not closed. */
export function parseHeredocWord(word: string): HeredocStart | undefined {
  const match = HEREDOC.exec(word);
  const rest = match?.[3];
  if (match === null || rest === undefined || rest === "") return undefined;
  const names = unquoteWords(rest, { rawQuotes: false });
  const name = names[0];
  if (names.length !== 1 || name === undefined) return undefined;
  const written = unquoteWords(rest, { rawQuotes: true })[0] ?? "";
  return {
    name,
    expand: countQuotes(name) === countQuotes(written),
    chomp: match[2] === "-",
    fileDescriptor: parseDescriptor(match[1]!),
  };
}

/** Like {@link parseHeredocWord}, but a faulty word is simply no heredoc. */
export function heredocWord(word: string): HeredocStart | undefined {
  try {
    return parseHeredocWord(word);
  } catch {
    return undefined;
  }
}

/** The heredocs that a whole instruction line begins, in order. A line with open quotes begins none. */
export function findHeredocs(line: string): readonly HeredocStart[] {
  if (!line.includes("<<")) return [];
  let words: readonly string[];
  try {
    words = splitWords(line);
  } catch {
    return [];
  }
  return words.map(parseHeredocWord).filter((heredoc) => heredoc !== undefined);
}

/** What `<<-` does to the body. */
export const stripTabs = (content: string) => content.replace(/(^|\n)\t+/g, "$1");

const countQuotes = (text: string) => text.replace(/[^'"]/g, "").length;

/** Go's ParseUint saturates. */
function parseDescriptor(digits: string): number {
  if (digits === "") return 0;
  const value = BigInt(digits);
  return Number(value > MAXIMUM_DESCRIPTOR ? MAXIMUM_DESCRIPTOR : value);
}
