import { existsSync } from "node:fs";
import type { BatchType } from "../data/dataloader/index.ts";
import { writeFileAtomic } from "../io/files/index.ts";
import type { Model } from "../models/index.ts";
import { Callback, type EventArgs, type Phase, type RunLog } from "../run/index.ts";
import * as torch from "../torch/index.ts";

/** Writes the table of the network's layers, `nn_summary.txt`, when there is a batch that is on its device. */
export class NetworkSummaryCallback extends Callback {
  #isDone = false;
  #shards: torch.nn.parallel.Shards | null = null;

  override get phase(): Phase {
    return "frame";
  }
  /** The main process writes; sharded weights are made whole by all. */
  override get ranks(): "all" {
    return "all";
  }

  override onTrainStart({ maps, world, shards }: EventArgs<"onTrainStart">): void {
    this.#isDone = existsSync(maps.nnSummaryTxt) || (!world.isMain && shards === null);
    this.#shards = shards;
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onForwardStepStart({ model, maps, log, batch, world }: EventArgs<"onForwardStepStart">): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const shards = this.#shards;
    shards?.unshard();
    const summary = world.isMain ? summarise(log, model, batch) : null;
    if (summary !== null) maps.locked(() => writeFileAtomic(maps.nnSummaryTxt, summary));
    shards?.shard();
  }
}

function summarise(log: RunLog, model: Model, batch: BatchType): string | null {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  try {
    return model.getSummary(batch);
  } catch (error) {
    // the summary is a convenience: a network that it cannot describe can be trained all the same
    log.debug(`The network could not be summarised: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}
