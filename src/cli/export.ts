/** `npx clinicadl export`: a trained network as a folder to share. */
import type { Command } from "commander";
import { answer } from "../utils/output.ts";

interface Flags {
  readonly checkpoint: string;
  readonly output: string;
  readonly name?: string;
  readonly overwrite: boolean;
  readonly json: boolean;
}

export function registerExport(program: Command): void {
  program
    .command("export")
    .description(
      "Write a trained network into a folder to share, as the Hugging Face hub has them: weights in safetensors, options, transforms, metrics, a model card, checksums. Nothing in it names a participant.",
    )
    .argument("<maps>", "the directory of the MAPS")
    .requiredOption("--checkpoint <name>", "split-<i>_best-<metric>, split-<i>_epoch-<n> or split-<i>_final")
    .requiredOption("--output <folder>", "the folder to make")
    .option("--name <text>", "what the model is called (default: the name of the folder)")
    .option("--overwrite", "replace a model that was exported there", false)
    .option("--json", "print the folder as JSON", false)
    .action(async (path: string, { json, ...options }: Flags) => {
      const { Maps } = await import("../io/maps/index.ts");
      const { exportModel } = await import("./export/index.ts");
      const maps = new Maps(path);
      maps.read();
      const folder = exportModel(maps, options);
      answer(json ? JSON.stringify({ folder }) : folder);
    });
}
