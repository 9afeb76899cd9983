// One question to the original, answered as JSON.
import { execFileSync } from "node:child_process";
import { referencePython } from "../../scripts/python-environment.mjs";

/** Runs a script there, and gives the JSON that it prints. @throws Error with the end of what it said, when it fails. */
export function ask(args) {
  try {
    return JSON.parse(execFileSync(referencePython(), args, { encoding: "utf8", maxBuffer: 2 ** 28, stdio: "pipe" }));
  } catch (error) {
    const said = typeof error.stderr === "string" ? error.stderr.trim().slice(-400) : error.message;
    throw new Error(`The original, asked ${args.slice(1).join(" ")}: ${said}`, { cause: error });
  }
}
