/** What the commands share that take a MAPS. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Trainer } from "../train/index.ts";

/** Of a command that takes a MAPS. */
export interface MapsFlags {
  readonly bids?: string;
  readonly gpu?: boolean;
}

/** A command of its own on a MAPS. */
export function mapsCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument("<maps>", "the directory of the MAPS")
    .option("--bids <path>", "where the BIDS data set is, if it is no longer where the MAPS says")
    .option("--gpu", "on a GPU (default: as recorded, or whether there is one)")
    .option("--no-gpu", "without a GPU, even if there is one, or the training was begun on one");
}

/** The Trainer of a MAPS. What it takes is loaded here, not for `--help`. */
export async function openTrainer(path: string, { bids }: MapsFlags): Promise<Trainer> {
  const { Trainer } = await import("../train/index.ts");
  return Trainer.fromMaps(path, bids === undefined ? {} : { bids: resolve(bids) });
}

/** For `resume`, `validate`, `test` and `predict`. */
export function computationalOptions({ gpu }: MapsFlags): { computational?: { gpu: boolean } } {
  return gpu === undefined ? {} : { computational: { gpu } };
}
