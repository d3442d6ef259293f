import { statSync } from "node:fs";
import path from "node:path";
import { outputNeeded } from "../../errors/build.ts";
import { outputNotDirectory, outputRepeated } from "../../errors/outputs.ts";
import type { BuildOptions, Output } from "../types.ts";

/**
 * All that the options ask for: `outputs`, else what `format` and `output` say in short. At least one.
 * Throws OUTPUT_NEEDED, OUTPUT_REPEATED, OUTPUT_NOT_DIRECTORY.
 */
export function requestedOutputs(options: BuildOptions): readonly [Output, ...Output[]] {
  const [first, ...others] = options.outputs ?? [];
  const outputs = [first ?? shortOutput(options), ...others] as const;
  const places = new Set<string>();
  for (const { destination } of outputs) {
    if (destination === undefined) continue;
    const place = destination.kind === "stream" ? "standard output" : path.resolve(destination.path);
    if (places.has(place)) throw outputRepeated(place);
    places.add(place);
    // Known before anything is built.
    if (destination.kind === "directory" && isFile(place)) throw outputNotDirectory(destination.path);
  }
  return [...outputs];
}

function shortOutput({ format = "component", output }: BuildOptions): Output {
  if (format === "oci") {
    if (output === undefined) throw outputNeeded("oci");
    return { kind: "oci", destination: { kind: "directory", path: output } };
  }
  return output === undefined
    ? { kind: format }
    : { kind: format, destination: { kind: "file", path: output } };
}

const isFile = (place: string): boolean => statSync(place, { throwIfNoEntry: false })?.isFile() === true;

/** Whether an image, which can carry an inline cache, is among the outputs. */
export const makesImage = (options: BuildOptions): boolean =>
  requestedOutputs(options).some(({ kind }) => kind === "oci" || kind === "docker");
