import { invalidCsv } from "../errors/dockerfile.ts";

/** One line of comma-separated fields; a field in double quotes may hold commas, and `""` for a quote. */
export function parseCsv(line: string): readonly string[] {
  if (line === "") throw invalidCsv("nothing given");
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = line[at] === '"' ? quotedField(line, at) : plainField(line, at);
    fields.push(field);
    if (end >= line.length) return fields;
    at = end + 1;
  }
}

interface Field {
  readonly field: string;
  /** Of the comma after it, or the line's length. */
  readonly end: number;
}

function plainField(line: string, start: number): Field {
  const comma = line.indexOf(",", start);
  const end = comma === -1 ? line.length : comma;
  const field = line.slice(start, end);
  if (field.includes('"')) throw invalidCsv('bare " in non-quoted field');
  return { field, end };
}

function quotedField(line: string, start: number): Field {
  let field = "";
  for (let at = start + 1; ; ) {
    const quote = line.indexOf('"', at);
    if (quote === -1) throw invalidCsv('extraneous or missing " in quoted field');
    field += line.slice(at, quote);
    const next = line[quote + 1];
    if (next === '"') {
      field += '"';
      at = quote + 2;
    } else if (next === undefined || next === ",") {
      return { field, end: quote + 1 };
    } else {
      throw invalidCsv('extraneous or missing " in quoted field');
    }
  }
}
