/** A preview-1 host with just what the kernel's port imports. */
export interface HostOptions {
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** What each read of standard input gives, in turn; then the end. */
  readonly stdin?: readonly (string | Uint8Array)[];
  /** File types that fd_fdstat_get reports for descriptors 0 to 2; 2 is a terminal. */
  readonly types?: readonly [number, number, number];
}

export class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

export class TestHost {
  readonly stdout: Buffer[] = [];
  readonly stderr: Buffer[] = [];
  /** Nanoseconds: every reading of the clock is a little later, so that times can be told apart. */
  time = 1_800_000_000n * 1_000_000_000n;
  /** How long poll_oneoff was asked to wait, in nanoseconds. */
  readonly waits: bigint[] = [];
  readonly #options: HostOptions;
  #stdin: Buffer[];
  #memory: { readonly buffer: ArrayBuffer } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#stdin = (options.stdin ?? []).map((chunk) => Buffer.from(chunk));
  }

  attach(memory: { readonly buffer: ArrayBuffer }): void {
    this.#memory = memory;
  }

  get #view(): DataView {
    return new DataView(this.#memory!.buffer);
  }

  #bytes(at: number, size: number): Buffer {
    return Buffer.from(this.#memory!.buffer, at, size);
  }

  readonly imports = {
    args_sizes_get: (count: number, size: number): number => this.#sizes(this.#args(), count, size),
    args_get: (pointers: number, bytes: number): number => this.#strings(this.#args(), pointers, bytes),
    environ_sizes_get: (count: number, size: number): number => this.#sizes(this.#env(), count, size),
    environ_get: (pointers: number, bytes: number): number => this.#strings(this.#env(), pointers, bytes),
    clock_res_get: (_clock: number, at: number): number => this.#put64(at, 1n),
    clock_time_get: (_clock: number, _precision: bigint, at: number): number => {
      this.time += 1000n;
      return this.#put64(at, this.time);
    },
    random_get: (at: number, size: number): number => {
      this.#bytes(at, size).fill(0x5a);
      return 0;
    },
    fd_fdstat_get: (fd: number, at: number): number => {
      this.#bytes(at, 24).fill(0)[0] = (this.#options.types ?? [0, 0, 0])[fd] ?? 0;
      return 0;
    },
    fd_read: (_fd: number, vector: number, _count: number, result: number): number => {
      const [base, size] = [this.#view.getUint32(vector, true), this.#view.getUint32(vector + 4, true)];
      const chunk = this.#stdin.shift() ?? Buffer.alloc(0);
      const taken = chunk.subarray(0, size);
      if (chunk.length > size) this.#stdin = [chunk.subarray(size), ...this.#stdin];
      this.#bytes(base, taken.length).set(taken);
      this.#view.setUint32(result, taken.length, true);
      return 0;
    },
    fd_write: (fd: number, vector: number, _count: number, result: number): number => {
      const [base, size] = [this.#view.getUint32(vector, true), this.#view.getUint32(vector + 4, true)];
      (fd === 1 ? this.stdout : this.stderr).push(Buffer.from(this.#bytes(base, size)));
      this.#view.setUint32(result, size, true);
      return 0;
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, result: number): number => {
      let ready = 0;
      for (let at = subscriptions; at < subscriptions + 48 * count; at += 48) {
        const isClock = this.#view.getUint8(at + 8) === 0;
        if (isClock) {
          const timeout = this.#view.getBigUint64(at + 24, true);
          this.waits.push(timeout);
          if (ready > 0) continue;
          this.time += timeout;
        } else if (this.#stdin.length === 0) continue;
        this.#bytes(events + 32 * ready, 32).fill(0);
        this.#view.setBigUint64(events + 32 * ready, this.#view.getBigUint64(at, true), true);
        ready++;
      }
      this.#view.setUint32(result, ready, true);
      return 0;
    },
    proc_exit: (code: number): never => {
      throw new Exit(code);
    },
  };

  #args(): readonly string[] {
    return this.#options.args ?? ["component.wasm"];
  }

  #env(): readonly string[] {
    return this.#options.env ?? [];
  }

  #put64(at: number, value: bigint): number {
    this.#view.setBigUint64(at, value, true);
    return 0;
  }

  #sizes(strings: readonly string[], count: number, size: number): number {
    this.#view.setUint32(count, strings.length, true);
    this.#view.setUint32(
      size,
      strings.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0),
      true,
    );
    return 0;
  }

  #strings(strings: readonly string[], pointers: number, bytes: number): number {
    let at = bytes;
    strings.forEach((text, index) => {
      this.#view.setUint32(pointers + 4 * index, at, true);
      at += this.#bytes(at, Buffer.byteLength(text) + 1).write(`${text}\0`);
    });
    return 0;
  }
}
