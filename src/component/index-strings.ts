/** The index's strings area: equal strings are stored once, in the order of their first use. */
export interface StringTable {
  add(bytes: Uint8Array): { readonly offset: number; readonly length: number };
  addText(text: string): { readonly offset: number; readonly length: number };
  readonly size: number;
  copyTo(target: Uint8Array, position: number): void;
}

export function createStringTable(): StringTable {
  const known = new Map<string, number>();
  const chunks: Uint8Array[] = [];
  let size = 0;

  const addKeyed = (key: string, bytes: Uint8Array) => {
    const existing = known.get(key);
    if (existing !== undefined) return { offset: existing, length: bytes.length };
    const offset = size;
    known.set(key, offset);
    chunks.push(bytes);
    size += bytes.length;
    return { offset, length: bytes.length };
  };

  return {
    add: (bytes) => addKeyed(Buffer.from(bytes).toString("latin1"), bytes),
    addText: (text) => {
      const bytes = Buffer.from(text, "utf8");
      return addKeyed(bytes.toString("latin1"), bytes);
    },
    get size() {
      return size;
    },
    copyTo(target, position) {
      let at = position;
      for (const chunk of chunks) {
        target.set(chunk, at);
        at += chunk.length;
      }
    },
  };
}
