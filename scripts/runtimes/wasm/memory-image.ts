import { signed, unsigned } from "./leb128.ts";

/**
 * A data section that writes `memory` with few, large, active segments: zeros are what memory starts with, so
 * runs of at least `gap` zeros are left out. Engines pay for each segment, hardly for its bytes.
 */
export function encodeMemory(memory: Uint8Array, gap: number): Uint8Array {
  const segments = nonZeroRuns(memory, gap);
  const parts: Uint8Array[] = [unsigned(segments.length)];
  for (const { start, end } of segments) {
    parts.push(Uint8Array.of(0, 0x41), signed(start), Uint8Array.of(0x0b));
    parts.push(unsigned(end - start), memory.subarray(start, end));
  }
  return Buffer.concat(parts);
}

interface Run {
  readonly start: number;
  readonly end: number;
}

function nonZeroRuns(memory: Uint8Array, gap: number): readonly Run[] {
  const runs: Run[] = [];
  let start = -1;
  let lastNonZero = -1;
  for (let position = 0; position < memory.length; position++) {
    if (memory[position] === 0) continue;
    if (start >= 0 && position - lastNonZero > gap) {
      runs.push({ start, end: lastNonZero + 1 });
      start = position;
    }
    if (start < 0) start = position;
    lastNonZero = position;
  }
  if (start >= 0) runs.push({ start, end: lastNonZero + 1 });
  return runs;
}
