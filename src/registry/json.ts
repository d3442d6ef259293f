/** JSON from outside: decoded strictly (UTF-8, RFC 8259), and narrowed by hand. */
export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The object in `bytes`; throws a plain Error that says what is wrong, for the caller to frame. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const value: unknown = parse(bytes);
  if (!isObject(value)) throw new Error("it is not a JSON object");
  return value;
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new Error("it is not UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error("it is not JSON", { cause });
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own property: names from outside such as `__proto__` and `constructor` reach nothing else. */
export function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function ownString(object: JsonObject, name: string): string | undefined {
  const value = own(object, name);
  return typeof value === "string" ? value : undefined;
}
