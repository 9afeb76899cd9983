/** `npx clinicadl generate`: a BIDS dataset of simulated brains, to try things out on. */
import type { Command } from "commander";
import { answer, say } from "../utils/output.ts";
import { parseNumber } from "./numbers.ts";

interface Flags {
  readonly participants: number;
  readonly resolution: number;
  readonly sessions: number;
  readonly seed: number;
  readonly permuteLabels: boolean;
  readonly masks: boolean;
  readonly overwrite: boolean;
  readonly json: boolean;
}

export function registerGenerate(program: Command): void {
  program
    .command("generate")
    .description("Make a BIDS dataset of simulated brains, half of them with hippocampal atrophy.")
    .argument("<output>", "the folder to make")
    .option("--participants <n>", "how many", parseNumber, 32)
    .option("--resolution <mm>", "the size of a voxel", parseNumber, 3)
    .option("--sessions <n>", "sessions of each participant, a year apart", parseNumber, 1)
    .option("--seed <n>", "the same seed gives the same images", parseNumber, 42)
    .option("--permute-labels", "give diagnoses at random: nothing can be learnt", false)
    .option("--masks", "also write masks of tissues, brain and hippocampus, as BIDS derivatives", false)
    .option("--overwrite", "replace an earlier simulated dataset", false)
    .option("--json", "print what was made as JSON", false)
    .action(async (output: string, { json, ...flags }: Flags) => {
      const { generateCohort } = await import("./generate/index.ts");
      const { bids, metadata, masks, rows, shape } = await generateCohort({ output, ...flags });
      if (json) return answer(JSON.stringify({ bids, metadata, masks, images: rows.length, shape }));
      const also =
        masks === null
          ? ""
          : `
Their masks are in ${masks}.`;
      answer(`${rows.length} simulated images of ${shape.join("×")} voxels in ${bids}
${metadata} lists them.${also}`);
      say(`Next: npx clinicadl init ${output}`);
    });
}
