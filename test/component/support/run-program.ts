/** Executes an encoded start program by docs/index-format.md: shares no code with encoder or kernel. */
export interface ProgramResult {
  /** Undefined: the program ended without executing anything. */
  readonly argv: readonly string[] | undefined;
  readonly environment: ReadonlyMap<string, string>;
  readonly made: readonly string[];
  readonly directory: string;
}

export class ProgramError extends Error {}

interface Field {
  text: string;
  kept: boolean;
}

export function runProgram(
  bytes: Uint8Array,
  environment: ReadonlyMap<string, string>,
  directory: string,
  args: readonly string[] = [],
): ProgramResult {
  const b = Buffer.from(bytes);
  const env = new Map(environment);
  const made: string[] = [];
  let cwd = directory;
  let at = 0;
  const u8 = () => b.readUInt8(at++);
  const u16 = () => {
    at += 2;
    return b.readUInt16LE(at - 2);
  };
  const text = (length: number) => {
    at += length;
    if (at > b.length) throw new Error("truncated program");
    return b.subarray(at - length, at).toString();
  };

  /** Appends a word's fields; `split` where unquoted values are split. */
  const word = (fields: Field[], split: boolean, quotedAround: boolean, pattern: boolean): void => {
    const current = () => fields[fields.length - 1]!;
    const put = (value: string, quoted: boolean) => {
      if (quoted || !split) {
        current().text += pattern && quoted ? value.replace(/[\\*?[\]!^-]/g, "\\$&") : value;
        current().kept ||= quoted;
        return;
      }
      for (const character of value) {
        if (" \t\n".includes(character)) {
          if (current().text !== "" || current().kept) fields.push({ text: "", kept: false });
        } else current().text += character;
      }
    };
    for (let parts = u16(); parts > 0; parts--) {
      const kind = u8();
      if (kind === 0) {
        at += 4;
        current().text += text(b.readUInt32LE(at - 4));
        current().kept = true;
        continue;
      }
      if (kind === 2) {
        args.forEach((argument) => {
          current().text += argument;
          current().kept = true;
          fields.push({ text: "", kept: false });
        });
        continue;
      }
      const quoted = u8() === 1 || quotedAround;
      const operator = u8();
      const name = text(u16());
      const value = env.get(name);
      const colon = [1, 3, 5].includes(operator);
      const isSet = value !== undefined && !(colon && value === "");
      const start = at;
      const alone = (asPattern: boolean) => {
        at = start;
        const list: Field[] = [{ text: "", kept: true }];
        word(list, false, !asPattern, asPattern);
        return list[0]!.text;
      };
      const skip = () => void alone(false);
      if (quoted) current().kept = true;
      if (operator === 0) {
        skip();
        put(value ?? "", quoted);
      } else if (operator <= 2) {
        if (isSet) {
          skip();
          put(value, quoted);
        } else word(fields, split, quoted, pattern);
      } else if (operator <= 4) {
        if (isSet) word(fields, split, quoted, pattern);
        else skip();
      } else if (operator <= 6) {
        const message = alone(false);
        if (!isSet) throw new ProgramError(`${name}: ${message}`);
        put(value, quoted);
      } else if (operator === 11) {
        skip();
        put(String((value ?? "").length), quoted);
      } else put(trim(value ?? "", alone(true), operator), quoted);
    }
  };

  const single = () => {
    const fields: Field[] = [{ text: "", kept: true }];
    word(fields, false, false, false);
    return fields[0]!.text;
  };

  while (at < b.length) {
    const opcode = u8();
    const words = u16();
    if (opcode === 5) {
      const argv: string[] = [];
      for (let left = words; left > 0; left--) {
        const fields: Field[] = [{ text: "", kept: false }];
        word(fields, true, false, false);
        argv.push(...fields.filter((field) => field.kept || field.text !== "").map((field) => field.text));
      }
      return { argv, environment: env, made, directory: cwd };
    }
    const first = single();
    if (opcode === 1) env.set(first, single());
    else if (opcode === 2) env.delete(first);
    else if (opcode === 3) cwd = first.startsWith("/") ? first : `${cwd}/${first}`;
    else if (opcode === 4) made.push(first);
    else throw new Error(`opcode ${opcode}`);
  }
  return { argv: undefined, environment: env, made, directory: cwd };
}

function trim(value: string, pattern: string, operator: number): string {
  const source = pattern.replace(/\\([\s\S])|\*|\?|[\s\S]/g, (token, escaped?: string) => {
    if (token === "*") return "[\\s\\S]*";
    if (token === "?") return "[\\s\\S]";
    return (escaped ?? token).replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  });
  const expression = new RegExp(`^(?:${source})$`);
  const lengths = Array.from({ length: value.length + 1 }, (_, index) => index);
  if (operator === 8 || operator === 10) lengths.reverse();
  for (const length of lengths) {
    const fromStart = operator <= 8;
    const taken = fromStart ? value.slice(0, length) : value.slice(value.length - length);
    if (expression.test(taken))
      return fromStart ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}
