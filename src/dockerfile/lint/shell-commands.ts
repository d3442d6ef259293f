/**
 * The names of the programs that a shell script plainly calls: the first word of each simple command. Good
 * enough for a hint: quotes and comments are respected, expansions are not followed.
 */

/** Words after which a command starts anew. */
const LEADING: ReadonlySet<string> = new Set(
  "if then else elif while until do ! { ( time exec command env nohup sudo".split(" "),
);
const TOKEN = /#[^\n]*|'[^']*'|"(?:\\.|[^"\\])*"|\\(?:.|\n)|&&|\|\||[;&|()\n]|[ \t\r]+|[^\s;&|()'"\\]+/gs;

export function commandNames(script: string): readonly string[] {
  const names = new Set<string>();
  let word = "";
  let atStart = true;
  const finish = () => {
    if (word === "") return;
    const isPrefix = LEADING.has(word) || /^\w+=/.test(word) || word.startsWith("-");
    if (atStart && !isPrefix) {
      names.add(word.split("/").at(-1)!);
      atStart = false;
    }
    word = "";
  };
  for (const [token] of script.matchAll(TOKEN)) {
    if (token.startsWith("#") && word === "") continue;
    if (/^[;&|()\n]/.test(token)) {
      finish();
      atStart = true;
    } else if (/^[ \t\r]/.test(token)) finish();
    else word += token.replace(/^['"]|['"]$/g, "");
  }
  finish();
  return [...names];
}
