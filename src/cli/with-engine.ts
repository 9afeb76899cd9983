import type { Command } from "commander";
import { registerDemo } from "./demo.ts";
import { registerPredict, registerTest, registerValidate } from "./evaluate.ts";
import { registerGenerate } from "./generate.ts";
import { registerResume } from "./resume.ts";

/** The subcommands that need libtorch and the addon: importing this file loads them. */
export function registerWithEngine(program: Command): void {
  registerGenerate(program);
  registerDemo(program);
  registerResume(program);
  registerValidate(program);
  registerTest(program);
  registerPredict(program);
}
