/** The training of the harness, as a script does it that a launcher may start again. */

import { existsSync } from "node:fs";
import {
  EarlyStoppingCallback,
  LoggerCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../../src/callbacks/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../../src/metrics/index.ts";
import { StepLRConfig } from "../../src/optim/index.ts";
import * as torch from "../../src/torch/index.ts";
import { toyModel, toySplit } from "../../src/train/fixtures/toy.ts";
import { Trainer } from "../../src/train/index.ts";

/** Trains, or goes on from the last checkpoint, and ends. */
export async function goOn(maps: string, point: (name: string) => void, batchSize = 2): Promise<void> {
  using trainer = await Trainer.open({
    maps,
    model: toyModel({ norm: null }),
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    optimization: { numEpochs: 2, clipGradNorm: 1 },
    callbacks: [
      new LoggerCallback({ progressBar: false, debug: false }),
      new TrainingCheckpointCallback({ everyNEpochs: 1, everyNSteps: 2, everyMinutes: null }),
      new ModelCheckpointCallback({ metric: "mae", epochs: [1, 2] }),
      new EarlyStoppingCallback({ metric: "loss", patience: 10 }),
      new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1, gamma: 0.5 }) }),
    ],
  });
  point("trainer");
  const split = toySplit({ batchSize });
  // what is there is looked at by all before one of them changes it: `train` and `resume` begin by waiting for all
  const { completeJson, tmp } = trainer.maps.training.split(0);
  const signals = false;
  if (existsSync(completeJson)) point("complete");
  else if (existsSync(tmp.path) && tmp.list.length > 0) await trainer.resume({ splitIdx: 0, split, signals });
  else {
    await trainer.train(split, { computational: { gpu: false, seed: 11, deterministic: true }, signals });
  }
  point("trained");
  await torch.distributed.destroyProcessGroup();
}
