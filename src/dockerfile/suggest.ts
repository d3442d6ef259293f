/** "Did you mean …?": at most two letters away, as BuildKit (and HCL) have it. */
const LIMIT = 3;
const LENGTH_LIMIT = 64;

/** The first of the nearest options, or undefined where none is near or one is equal. */
export function suggest(
  word: string,
  options: Iterable<string>,
  { ignoreCase = false }: { readonly ignoreCase?: boolean } = {},
): string | undefined {
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  const wanted = fold(word);
  if (wanted.length > LENGTH_LIMIT) return undefined;
  let best: string | undefined;
  let least = LIMIT;
  for (const option of options) {
    const candidate = fold(option);
    if (candidate === wanted) return undefined;
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const distance = editDistance(wanted, candidate);
    if (distance >= least) continue;
    least = distance;
    best = ignoreCase ? matchCase(option, word) : option;
  }
  return best;
}

function matchCase(option: string, like: string): string {
  if (like === like.toLowerCase()) return option.toLowerCase();
  if (like === like.toUpperCase()) return option.toUpperCase();
  return option.toLowerCase();
}

/** Levenshtein. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
