import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { readJson, writeJson } from "../io/files/index.ts";
import type { CheckpointDir } from "../io/maps/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import type { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { type JsonObject, parseWith } from "../utils/config.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { randomStates } from "../utils/seed.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";
import { readFields } from "./fields.ts";
import { log } from "./log.ts";
import { asRecord } from "./quantity-monitoring.ts";

const schema = z.strictObject({
  everyNEpochs: z.int().positive().default(10),
  enabled: z.boolean().default(true),
});

/** What a scaler that is not used would look like: ClinicaDL reads one wherever AMP is on. */
const UNUSED_SCALER = {
  scale: torch.float(65536),
  growth_factor: torch.float(2),
  backoff_factor: torch.float(0.5),
  growth_interval: 2000,
  _growth_tracker: 0,
};

/**
 * Writes, every `everyNEpochs` (10) epochs, all that is needed to go on with the training (`Trainer.resume`): model,
 * optimizers, scaler, callbacks, metrics, random streams. Two checkpoints are kept until the training is complete. To
 * keep weights for good, use `ModelCheckpointCallback`.
 */
export class TrainingCheckpointCallback extends Callback {
  readonly everyNEpochs: number;
  readonly enabled: boolean;
  #run: EventArgs<"onTrainStart"> | null = null;

  constructor(options: z.input<typeof schema> = {}) {
    super();
    const { everyNEpochs, enabled } = parseWith(schema, options, new.target.name);
    this.everyNEpochs = everyNEpochs;
    this.enabled = enabled;
  }

  override onTrainStart(run: EventArgs<"onTrainStart">): void {
    this.#run = run;
  }

  /** Puts everything back as it was at the newest checkpoint that is whole. */
  override onResume(run: EventArgs<"onResume">): void {
    this.#run = run;
    const { maps, model, state, split, optimizers, gradScaler, metrics, callbacks, computational } = run;
    const { tmp } = maps.training.split(state.splitIdx ?? 0);
    const { epoch, problems } = tmp.newest();
    for (const problem of problems) log.warning(`A checkpoint was passed over: ${problem}.`);
    if (epoch === null) {
      throw new ClinicaDLException(`There is no checkpoint to resume from in ${tmp.path}.`);
    }
    log.info(`Loading checkpoints from epoch ${epoch}`);
    const dir = tmp.epoch(epoch);
    const { numEpochs } = state;
    state.loadDict(readJson(dir.stateJson));
    state.numEpochs = numEpochs;

    using _scope = torch.scope();
    model.loadStateDict(torch.load(dir.modelPt) as Map<string, torch.Tensor>);
    const optimizerStates = asRecord(torch.load(dir.optimizerPt), "the state of the optimizers");
    for (const [name, optimizer] of Object.entries(optimizers)) {
      const saved = optimizerStates[name];
      if (saved === undefined) {
        throw new ClinicaDLException(
          `${dir.optimizerPt} does not hold the optimizer '${name}' of the model. Resume with the model that was trained.`,
        );
      }
      optimizer.loadStateDict(saved as Parameters<typeof optimizer.loadStateDict>[0]);
    }
    if (gradScaler.isEnabled()) {
      gradScaler.loadStateDict(torch.load(dir.scalerPt) as Parameters<typeof gradScaler.loadStateDict>[0]);
    }
    const computed = new Set(Object.keys(readTsv(dir.validationMetrics.aggregatedTsv)[0] ?? {}));
    if (computed.size > 0) metrics.removeMetrics(metrics.metricNames.filter((name) => !computed.has(name)));
    metrics.load(dir.validationMetrics.aggregatedTsv, dir.validationMetrics.detailsTsv);
    for (const [name, callback] of callbacks.named()) callback.loadStateDict(torch.load(dir.callbackPt(name)));
    if (!restoreRandomStreams(dir, split) && computational.seed !== null) {
      log.warning(
        `The checkpoint ${dir.path} holds no random streams (ClinicaDL in Python wrote it): dropout and the like will not be as in an uninterrupted training.`,
      );
    }
  }

  override onEpochEnd({ model, maps, state }: EventArgs<"onEpochEnd">): void {
    const run = this.#run;
    if (!this.enabled || run === null || state.currentEpoch % this.everyNEpochs !== 0) return;
    const { split, optimizers, gradScaler, metrics, callbacks, computational } = run;
    const { tmp } = maps.training.split(state.splitIdx ?? 0);
    tmp.write(state.currentEpoch, (dir) => {
      using _scope = torch.scope();
      writeJson(dir.stateJson, state.toDict());
      torch.save(model.stateDict(), dir.modelPt);
      const states = Object.entries(optimizers).map(([name, optimizer]) => [name, optimizer.stateDict()] as const);
      torch.save(Object.fromEntries(states), dir.optimizerPt);
      const unused = computational.amp ? UNUSED_SCALER : {};
      torch.save(gradScaler.isEnabled() ? gradScaler.stateDict() : unused, dir.scalerPt);
      mkdirSync(dir.validationMetrics.path);
      metrics.save(dir.validationMetrics.aggregatedTsv, dir.validationMetrics.detailsTsv);
      mkdirSync(dirname(dir.callbackPt("any")));
      for (const [name, callback] of callbacks.named()) torch.save(callback.stateDict(), dir.callbackPt(name));
      saveRandomStreams(dir, split);
    });
    log.debug(`Training checkpoint saved after epoch ${state.currentEpoch}`);
  }

  override onException({ maps, state }: EventArgs<"onException">): void {
    if (!this.enabled || state.called !== "train" || state.splitIdx === null) return;
    const { epochsList } = maps.training.split(state.splitIdx).tmp;
    const last = epochsList.at(-1);
    if (last !== undefined) log.error(`Last checkpoint at the end of epoch ${last}`);
  }

  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    maps.training.split(state.splitIdx ?? 0).tmp.clear();
    this.#run = null;
  }

  toDict(): JsonObject {
    return { name_: "TrainingCheckpointCallback", every_n_epochs: this.everyNEpochs, enabled: this.enabled };
  }
  static fromDict(dict: JsonObject): TrainingCheckpointCallback {
    const fields = readFields("TrainingCheckpointCallback", dict, ["every_n_epochs", "enabled"]);
    return new TrainingCheckpointCallback(fields as z.input<typeof schema>);
  }
}

/** Those of libtorch, and the seed from which the order of the data and their augmentation follow. */
function saveRandomStreams(dir: CheckpointDir, split: Split): void {
  mkdirSync(dirname(dir.extraPt));
  const states = randomStates();
  const seed = split.trainDataset.seed;
  torch.save({ version: 1, random: Object.fromEntries(states), loader_seed: seed }, dir.extraPt);
  for (const state of states.values()) state.dispose();
}

/** False where there is nothing to restore. */
function restoreRandomStreams(dir: CheckpointDir, split: Split): boolean {
  if (!dir.hasExtra) return false;
  const { random, loader_seed } = asRecord(torch.load(dir.extraPt), "what this package adds to it");
  for (const [device, state] of Object.entries(asRecord(random, "the state of the random streams"))) {
    const present = device === "cpu" || Number(device.split(":")[1]) < torch.cuda.deviceCount();
    if (present) torch.random.setState(state as torch.Tensor, device);
  }
  split.trainLoader.setSeed(Number(loader_seed));
  return true;
}
