import { ShellRefusal } from "./types.ts";

/** A place in a script, with the errors that name it. */
export class ShellText {
  readonly #text: string;
  #position = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get line(): number {
    return this.#line;
  }

  /** The character `ahead` of the place, or "" beyond the end. */
  peek(ahead = 0): string {
    return this.#text.charAt(this.#position + ahead);
  }

  /** Up to `length` characters from here. */
  rest(length: number): string {
    return this.#text.slice(this.#position, this.#position + length);
  }

  advance(count: number): void {
    for (let left = count; left > 0; left--) {
      if (this.#text[this.#position++] === "\n") this.#line++;
    }
  }

  /** The text before the next `end`, which is passed over too. */
  until(end: string, otherwise: string): string {
    const at = this.#text.indexOf(end, this.#position);
    if (at < 0) throw this.syntax(otherwise);
    const found = this.#text.slice(this.#position, at);
    this.advance(found.length + end.length);
    return found;
  }

  construct(what: string, hint: string): ShellRefusal {
    return new ShellRefusal("construct", `it uses ${what}`, this.#line, hint);
  }

  syntax(why: string): ShellRefusal {
    return new ShellRefusal("syntax", why, this.#line, "");
  }
}
