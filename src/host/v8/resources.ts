/** Handles of the canonical ABI: small numbers from 1, reused. */
export interface HandleTable<T> {
  add(value: T): number;
  /** Throws (which traps the guest) for a handle that isn't there, as the component model demands. */
  get(handle: number): T;
  drop(handle: number): void;
}

export function createHandleTable<T>(): HandleTable<T> {
  const values = new Map<number, T>();
  const free: number[] = [];
  const get = (handle: number): T => {
    const value = values.get(handle);
    if (value === undefined) throw new WebAssembly.RuntimeError(`unknown handle ${handle}`);
    return value;
  };
  return {
    add(value) {
      const handle = free.pop() ?? values.size + 1;
      values.set(handle, value);
      return handle;
    },
    get,
    drop(handle) {
      get(handle);
      values.delete(handle);
      free.push(handle);
    },
  };
}
