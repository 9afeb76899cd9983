import { z } from "zod";
import type { Optimizer } from "../optim/index.ts";
import {
  asRecord,
  Callback,
  type EventArgs,
  type Phase,
  updateBatchNorm,
  WeightAverage,
  type WeightsToSave,
} from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { readFields } from "../utils/fields.ts";
import { LRSchedulerCallback } from "./lr-scheduler.ts";

const schema = z.strictObject({
  startEpoch: z.int().positive(),
  everyNEpochs: z.int().positive().default(1),
  swaLr: z.number().positive().nullable().default(null),
  annealEpochs: z.int().nonnegative().default(10),
  /** How the rate goes there: as a cosine ("cos", default), or "linear". */
  annealStrategy: z.enum(["cos", "linear"]).default("cos"),
});

/**
 * Stochastic weight averaging (Izmailov et al., 2018): in the end, the model has the mean of the weights that it had after each
 * of the last epochs. Validations, and the models that are saved before, are those of the training itself.
 *
 * - `startEpoch`: the first epoch whose weights are averaged.
 * - `everyNEpochs` (1): from it on, after so many epochs each.
 * - `swaLr` (none): the learning rate to which all optimizers go from the end of `startEpoch` on, so that the epochs end in
 *   different places; not together with an LRSchedulerCallback.
 * - `annealEpochs` (10): in how many epochs; 0: at once. `annealStrategy` ("cos"): "cos" or "linear".
 *
 * The statistics of BatchNorm do not belong to averaged weights: when training ends, the training data pass through the model once
 * more and give new ones, as with `torch.optim.swa_utils.update_bn`. No validation has seen these weights, so the tables of `final` have
 * no rows: `trainer.validate({ splitIdx, metrics, modelCheckpoint: "final" })` fills them. ClinicaDL has no such callback.
 * @example
 * ```ts
 * const callbacks = [new SWACallback({ startEpoch: 15, swaLr: 1e-4 })];
 * const trainer = new Trainer({ maps: "swa", model, callbacks, optimization: { numEpochs: 20 } });
 * ```
 */
export class SWACallback extends Callback {
  static readonly name_ = "SWACallback";
  static readonly schema = schema;
  readonly startEpoch: number;
  readonly everyNEpochs: number;
  readonly swaLr: number | null;
  readonly annealEpochs: number;
  readonly annealStrategy: "cos" | "linear";
  readonly #average = new WeightAverage();
  #run: EventArgs<"onTrainStart"> | null = null;
  /** How often the learning rate was moved, and what those of the groups of all optimizers were before. */
  #rateSteps = 0;
  #ratesBefore: number[] = [];
  /** Whether the model has the averages for good. */
  #finished = false;

  constructor(options: Input<typeof schema>) {
    super();
    const parsed = parseWith(schema, options, new.target.name);
    this.startEpoch = parsed.startEpoch;
    this.everyNEpochs = parsed.everyNEpochs;
    this.swaLr = parsed.swaLr;
    this.annealEpochs = parsed.annealEpochs;
    this.annealStrategy = parsed.annealStrategy;
  }

  override get phase(): Phase {
    return "change";
  }

  override onTrainStart(run: EventArgs<"onTrainStart">): void {
    this.#forget();
    this.#finished = false;
    this.#rateSteps = 0;
    this.#ratesBefore = [];
    this.#run = run;
    if (this.swaLr === null || !run.callbacks.callbacks.some((callback) => callback instanceof LRSchedulerCallback))
      return;
    throw new ConfigError(
      "SWACallback: 'swaLr' and an LRSchedulerCallback would both move the learning rate. Leave out one of them.",
    );
  }
  override onResume(run: EventArgs<"onResume">): void {
    this.onTrainStart(run);
  }

  override onEpochEnd({ model, state }: EventArgs<"onEpochEnd">): void {
    const since = state.currentEpoch - this.startEpoch;
    if (since < 0) return;
    if (since % this.everyNEpochs === 0) this.#average.addEqually(model);
    if (this.#run !== null) this.#moveRates(Object.values(this.#run.optimizers));
  }
  /** As PyTorch's SWALR does with one step an epoch. */
  #moveRates(optimizers: readonly Optimizer[]): void {
    const { swaLr } = this;
    if (swaLr === null) return;
    const groups = optimizers.flatMap((optimizer) => optimizer.paramGroups);
    if (this.#rateSteps === 0) this.#ratesBefore = groups.map((group) => Number(group.lr));
    this.#rateSteps++;
    const done = Math.min(1, this.#rateSteps / Math.max(1, this.annealEpochs));
    const share = this.annealStrategy === "linear" ? done : (1 - Math.cos(Math.PI * done)) / 2;
    for (const [i, group] of groups.entries()) {
      group.lr = swaLr * share + (this.#ratesBefore[i] ?? swaLr) * (1 - share);
    }
  }

  override async onTrainEnd({ model, log }: EventArgs<"onTrainEnd">): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    if (this.#average.count === 0) {
      log.warning(`No weights were averaged: the training ended before epoch ${this.startEpoch}.`);
    } else {
      this.#average.copyInto(model);
      await updateBatchNorm(model, run);
      this.#finished = true;
      log.info(
        `The final model has the mean of the weights after ${this.#average.count} epochs. It was not validated.`,
      );
    }
    this.#forget();
  }
  override weightsToSave(): WeightsToSave | null {
    return this.#finished ? { evaluated: false, [Symbol.dispose]: () => {} } : null;
  }
  override onException(): void {
    this.#forget();
  }
  #forget(): void {
    this.#average[Symbol.dispose]();
    this.#run = null;
  }

  /** `{n_averaged, averages: {name: tensor}, rate_steps, rates_before}`. */
  override stateDict(): unknown {
    return {
      ...this.#average.stateDict(),
      rate_steps: this.#rateSteps,
      rates_before: this.#ratesBefore.map((rate) => torch.float(rate)),
    };
  }
  override loadStateDict(state: unknown): void {
    if (this.#run === null) return;
    const { rate_steps, rates_before } = asRecord(state, "the state of SWACallback");
    this.#average.loadStateDict(this.#run.model, state);
    this.#rateSteps = Number(rate_steps);
    this.#ratesBefore = Array.isArray(rates_before) ? rates_before.map(Number) : [];
  }

  toDict(): JsonObject {
    return {
      name_: "SWACallback",
      start_epoch: this.startEpoch,
      every_n_epochs: this.everyNEpochs,
      swa_lr: this.swaLr,
      anneal_epochs: this.annealEpochs,
      anneal_strategy: this.annealStrategy,
    };
  }
  static fromDict(dict: JsonObject): SWACallback {
    const keys = ["start_epoch", "every_n_epochs", "swa_lr", "anneal_epochs", "anneal_strategy"];
    return new SWACallback(readFields("SWACallback", dict, keys) as Input<typeof schema>);
  }
}
