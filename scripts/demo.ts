/** Converts a real project and runs the result, as a user would. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const boxwright = path.join(project, "dist/src/cli/main.js");
const output = path.join(project, ".cache/demo/inventory.wasm");

async function step(...args: readonly string[]): Promise<void> {
  const shown = args.map((arg) => (path.isAbsolute(arg) ? path.relative(project, arg) : arg));
  process.stderr.write(`\n$ boxwright ${shown.join(" ")}\n`);
  await execa(process.execPath, [boxwright, ...args], { stdio: "inherit", cwd: project });
}

await step("build", path.join(project, "fixtures/cli"), "-t", "inventory", "-o", output);
await step("inspect", output);
await step("run", output);
await step("run", output, "--", "take", "BOLT-M6", "90");
