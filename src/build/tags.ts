import { tagInvalid } from "../errors/build.ts";
import { normaliseName } from "../results/index.ts";

/** `hello` → `hello:latest`. Throws INVALID_TAG for what Docker would not take as a tag. */
export async function checkTag(tag: string): Promise<string> {
  let name: string;
  try {
    name = await normaliseName(tag);
  } catch (cause) {
    throw tagInvalid(tag, cause);
  }
  // A digest is what a result gets, not what it is given.
  if (/@|^(sha256:)?[0-9a-f]{64}$/.test(name)) throw tagInvalid(tag);
  return name;
}
