/** `npx clinicadl init`: a first experiment file for a BIDS dataset. */
import process from "node:process";
import type { Command } from "commander";
import { answer, say } from "../utils/output.ts";
import type { InitOptions, InitResult } from "./init/index.ts";
import { count } from "./numbers.ts";

interface Flags extends Omit<InitOptions, "bids"> {
  readonly yes: boolean;
  readonly json: boolean;
}

export function registerInit(program: Command): void {
  program
    .command("init")
    .description("Look into a BIDS dataset and write a first experiment file for it, which `clinicadl train` runs.")
    .argument("<bids>", "the directory of the dataset, derivative or CAPS")
    .option("--output <file>", "the file to write", "experiment.yaml")
    .option("--data <tsv>", "what is known of participants or sessions (default: the dataset's own table)")
    .option("--label <column>", "what is learnt (default: asked)")
    .option("--suffix <text>", "which images, as T1w (default: asked)")
    .option("--data-type <text>", "the folder of the images below the session, as anat")
    .option("--folds <n>", "folds, at most", count(2), 5)
    .option("--seed <n>", "of folds and training (default: drawn)", count(0))
    .option("-y, --yes", "take the likeliest without asking, as where there is no terminal", false)
    .option("--overwrite", "replace a file that is there", false)
    .option("--json", "print what was found as JSON", false)
    .action(async (bids: string, { yes, json, ...options }: Flags) => {
      const { askOn, takeFirst } = await import("./init/ask.ts");
      const { init } = await import("./init/index.ts");
      const asks = !yes && !json && process.stdin.isTTY && process.stderr.isTTY;
      const result = await init({ bids, ...options }, asks ? askOn(process.stdin, process.stderr) : takeFirst);
      answer(json ? JSON.stringify(result) : told(result));
      if (!json) say(`Next: npx clinicadl train ${options.output}`);
    });
}

function told({ experiment, table, images, kind, task, voxels, leftOut }: InitResult): string {
  const learnt = task.kind === "regression" ? "a number" : task.classes.map((name, i) => `${name} (${i})`).join(", ");
  const size = voxels.shape.join("×");
  const brought =
    voxels.spacing === null ? "" : ` after resampling to ${voxels.spacing.join("×")} mm: they have different voxels`;
  return [
    `images: ${images} of ${kind}, ${size} voxels${brought}`,
    ...Object.entries(leftOut).map(([why, n]) => `left out: ${n} ${why}`),
    `learnt: ${task.label}: ${learnt}`,
    ...(table === null ? [] : [`table: ${table}`]),
    `experiment: ${experiment}`,
  ].join("\n");
}
