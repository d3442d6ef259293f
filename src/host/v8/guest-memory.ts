/** A guest's memory, seen afresh at each access: growing detaches earlier views. */
export interface GuestMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Puts a list of bytes into memory that the guest allocates, for results (canonical ABI, `realloc`). */
  allocate(size: number, alignment: number): number;
}

export interface GuestExports {
  readonly memory: WebAssembly.Memory;
  readonly cabi_realloc?: (old: number, oldSize: number, alignment: number, size: number) => number;
}

export function createGuestMemory(exports: () => GuestExports): GuestMemory {
  let buffer: ArrayBuffer | undefined;
  let bytes = new Uint8Array();
  let view = new DataView(bytes.buffer);
  const refresh = () => {
    const current = exports().memory.buffer as ArrayBuffer;
    if (current === buffer) return;
    buffer = current;
    bytes = new Uint8Array(current);
    view = new DataView(current);
  };
  return {
    get bytes() {
      refresh();
      return bytes;
    },
    get view() {
      refresh();
      return view;
    },
    allocate(size, alignment) {
      const realloc = exports().cabi_realloc;
      if (realloc === undefined) throw new Error("the guest exports no cabi_realloc");
      return realloc(0, 0, alignment, size) >>> 0;
    },
  };
}

const encoder = new TextEncoder();

/** Writes a string into guest memory, and its pointer and length to `at`. */
export function putString(memory: GuestMemory, at: number, text: string): void {
  putBytes(memory, at, encoder.encode(text));
}

/** Writes a list of bytes into guest memory, and its pointer and length to `at`. */
export function putBytes(memory: GuestMemory, at: number, bytes: Uint8Array): void {
  const pointer = memory.allocate(bytes.length, 1);
  memory.bytes.set(bytes, pointer);
  memory.view.setUint32(at, pointer, true);
  memory.view.setUint32(at + 4, bytes.length, true);
}
