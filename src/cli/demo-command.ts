/** `npx clinicadl demo`. */
import type { Command } from "commander";
import { answer, say } from "../utils/output.ts";
import type { DemoOptions } from "./demo.ts";
import { count } from "./numbers.ts";

export function registerDemo(program: Command): void {
  program
    .command("demo")
    .description("make a simulated cohort from real anatomy, train a 3D CNN on every fold, and print the scores")
    .option("--output <folder>", "where the cohort and the MAPS go", "demo")
    .option("--participants <n>", "number of participants", count(8), 32)
    .option("--folds <n>", "number of folds", count(2), 4)
    .option("--epochs <n>", "number of epochs", count(1), 20)
    .option("--workers <n>", "threads that load images", count(0), 2)
    .option("--seed <n>", "seed of everything", count(0), 42)
    .option("--permute-labels", "deal the diagnoses out at random: nothing can be learnt", false)
    .option("--json", "print the result as one line of JSON at the end", false)
    .action(async (options: DemoOptions & { json: boolean }) => {
      const { demoTable, runDemo } = await import("./demo.ts");
      const result = await runDemo(options, say);
      const out = options.json ? say : answer;
      out(`\n${demoTable(result)}\n\nThe data are simulated. The MAPS is in ${result.maps}`);
      if (options.json) answer(JSON.stringify(result));
    });
}
