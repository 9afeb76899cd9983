import type { Model } from "../models/index.ts";
import { checkpointBlocks } from "../networks/index.ts";
import type { ComputationalConfig } from "../run/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/** @throws ConfigError where blocks are to be computed again and cannot be, before anything is begun. */
export function checkRecomputation({ checkpointing, gpu }: ComputationalConfig, model: Model): void {
  if (!checkpointing) return;
  if (gpu)
    throw new ConfigError(
      "ComputationalConfig: 'checkpointing' is true, but blocks are computed again on CPUs only. Use gpu: false, or leave it out.",
    );
  checkpointBlocks(model)[Symbol.dispose]();
}
