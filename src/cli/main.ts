#!/usr/bin/env node
// Everything but the bare program is loaded by the command that needs it: `--help` must be instant.
import { runProgram } from "./program.ts";

process.exitCode = await runProgram(process.argv.slice(2));
