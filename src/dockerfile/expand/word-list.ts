import { isSpace } from "../characters.ts";

/** Collects text into words as it is expanded. */
export class Words {
  readonly list: string[] = [];
  #current = "";
  #inWord = false;

  /** Text whose white space separates words. */
  addSplit(text: string): void {
    for (const character of text) {
      if (!isSpace(character)) this.addWhole(character);
      else if (this.#inWord && this.#current !== "") this.#finish();
    }
  }

  /** Text that belongs to one word. */
  addWhole(text: string): void {
    this.#current += text;
    this.#inWord = true;
  }

  end(): readonly string[] {
    if (this.#current !== "") this.#finish();
    return this.list;
  }

  #finish(): void {
    this.list.push(this.#current);
    this.#current = "";
    this.#inWord = false;
  }
}
