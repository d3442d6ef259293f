/** One of several processes that write the same things; see store.test.ts. */
import { openStore } from "../../src/store/index.ts";

const store = await openStore(process.argv[2] ?? "");
for (let i = 0; i < 20; i++) {
  await store.writeBlob([new TextEncoder().encode(`shared ${i}`)]);
  await store.writeRecord("shared", String(i), { i });
}
