/** Checked access to parsed JSON from outside; `fail` makes the error of the document that is read. */

export type Fail = (reason: string, cause?: unknown) => Error;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function parseJson(bytes: Uint8Array, fail: Fail): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw fail("it is not JSON", cause);
  }
}

/** An object's own fields. Go writes null for what is empty: such fields count as missing. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #fail: Fail;
  readonly #name: string;

  constructor(value: unknown, name: string, fail: Fail) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw fail(`${name} is not an object`);
    this.#values = new Map(Object.entries(value));
    this.#fail = fail;
    this.#name = name;
  }

  get(key: string): unknown {
    return this.#values.get(key) ?? undefined;
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  text(key: string): string | undefined {
    return this.#typed(key, "a text", (value) => typeof value === "string");
  }

  flag(key: string): boolean | undefined {
    return this.#typed(key, "a boolean", (value) => typeof value === "boolean");
  }

  integer(key: string): number | undefined {
    return this.#typed(key, "a whole number", (value) => Number.isSafeInteger(value));
  }

  texts(key: string): readonly string[] | undefined {
    return this.#typed(
      key,
      "a list of texts",
      (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
    );
  }

  list(key: string): readonly unknown[] {
    return this.#typed<unknown[]>(key, "a list", (value) => Array.isArray(value)) ?? [];
  }

  fields(key: string): Fields | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : new Fields(value, `${this.#name}.${key}`, this.#fail);
  }

  required<T>(key: string, value: T | undefined): T {
    if (value === undefined) throw this.#fail(`${this.#name}.${key} is missing`);
    return value;
  }

  #typed<T>(key: string, what: string, holds: (value: unknown) => boolean): T | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (!holds(value)) throw this.#fail(`${this.#name}.${key} is not ${what}`);
    return value as T;
  }
}

/** The object without its undefined fields. */
export function compact<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The same object with its keys in order, as Go writes maps. */
export function sortedRecord<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
