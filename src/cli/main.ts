#!/usr/bin/env node
// Everything but the bare program is loaded by the command that needs it: `--help` must be instant. What was
// compiled once is not compiled again, which is a sixth of the time of a build from the cache.
import { enableCompileCache } from "node:module";
import path from "node:path";
import { homeDirectory } from "../build/home.ts";

enableCompileCache(path.join(homeDirectory(), "compile-cache"));
const { runProgram } = await import("./program.ts");
process.exitCode = await runProgram(process.argv.slice(2));
