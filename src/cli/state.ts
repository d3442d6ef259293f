import { homeDirectory } from "../build/home.ts";
import type { Store } from "../store/index.ts";

/** The store under `$BOXWRIGHT_HOME`. The caller closes it. */
export async function openHomeStore(): Promise<Store> {
  const { openStore } = await import("../store/index.ts");
  return await openStore(homeDirectory());
}

/** Runs `use` with the store, and closes it whatever happens. */
export async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openHomeStore();
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Aborted by the first Ctrl-C or SIGTERM; the second one ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      controller.abort();
      process.once(name, () => process.exit(130));
    });
  }
  return controller.signal;
}
