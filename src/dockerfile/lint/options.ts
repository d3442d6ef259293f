import { trimSpace } from "../characters.ts";
import { parseBoolean } from "../values/numbers.ts";

/** What `# check=` says. */
export interface CheckOptions {
  readonly skip: readonly string[] | "all";
  readonly experimental: readonly string[] | "all";
  /** Findings fail the build. */
  readonly error: boolean;
}

/** `skip=A,B;experimental=all;error=true`, up to the first blank; a string says what is wrong with it. */
export function parseCheckOptions(value: string): CheckOptions | string {
  const text = trimSpace(value.split(" ", 1)[0] ?? "");
  let options: CheckOptions = { skip: [], experimental: [], error: false };
  if (text === "") return options;
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    if (equals === -1) return `invalid check option ${JSON.stringify(part)}`;
    const key = trimSpace(part.slice(0, equals));
    const setting = trimSpace(part.slice(equals + 1));
    if (key === "skip" || key === "experimental") {
      const names = setting === "all" ? ("all" as const) : setting.split(",").map(trimSpace);
      options = { ...options, [key]: names };
    } else if (key === "error") {
      const error = parseBoolean(setting);
      if (error === undefined) return `failed to parse check option ${JSON.stringify(part)}`;
      options = { ...options, error };
    } else {
      return `invalid check option ${JSON.stringify(key)}`;
    }
  }
  return options;
}
