import { z } from "zod";
import type { Model } from "../models/index.ts";
import { Callback, type EventArgs, type Phase, WeightAverage, type WeightsToSave } from "../run/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";

const schema = z.strictObject({
  decay: z.number().min(0).max(1).default(0.999),
  everyNSteps: z.int().positive().default(1),
  startEpoch: z.int().positive().default(1),
});

/**
 * Keeps an exponential moving average of the weights (Polyak and Juditsky, 1992), and of buffers such as the statistics of
 * BatchNorm: average = decay · average + (1 - decay) · weights. Validations evaluate the model with its averages, and all models
 * that are saved have them; the training itself goes on with its own weights. In the end the model has the averages.
 *
 * - `decay` (0.999): 0 to 1; the share of the former average.
 * - `everyNSteps` (1): after so many optimization steps each.
 * - `startEpoch` (1): the first epoch whose steps are averaged; the average begins with the weights after the first of them.
 *
 * The numbers are those of `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn(decay)` and `use_buffers`, but for
 * buffers of whole numbers, which are not averaged. ClinicaDL has no such callback.
 * @example
 * ```ts
 * const callbacks = [new EMACallback({ decay: 0.99, startEpoch: 5 })];
 * const trainer = new Trainer({ maps: "ema", model, callbacks, optimization: { numEpochs: 20 } });
 * ```
 */
export class EMACallback extends Callback {
  static readonly name_ = "EMACallback";
  static readonly schema = schema;
  readonly decay: number;
  readonly everyNSteps: number;
  readonly startEpoch: number;
  readonly #average = new WeightAverage();
  #model: Model | null = null;
  #exchanged: Disposable | null = null;

  constructor(options: Input<typeof schema> = {}) {
    super();
    const { decay, everyNSteps, startEpoch } = parseWith(schema, options, new.target.name);
    this.decay = decay;
    this.everyNSteps = everyNSteps;
    this.startEpoch = startEpoch;
  }

  override get phase(): Phase {
    return "change";
  }

  override onTrainStart({ model }: EventArgs<"onTrainStart">): void {
    this.#forget();
    this.#model = model;
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onOptimizationStepEnd({ model, state }: EventArgs<"onOptimizationStepEnd">): void {
    if (state.currentEpoch < this.startEpoch || state.optimStep % this.everyNSteps !== 0) return;
    this.#average.addDecaying(model, this.decay);
  }

  override onValidationStart({ model }: EventArgs<"onValidationStart">): void {
    if (this.#average.count > 0) this.#exchanged = this.#average.exchange(model);
  }
  override onValidationEnd(): void {
    this.#putBack();
  }
  override weightsToSave(): WeightsToSave | null {
    if (this.#model === null || this.#average.count === 0 || this.#average.inPlace) return null;
    const exchanged = this.#average.exchange(this.#model);
    return { evaluated: true, [Symbol.dispose]: () => exchanged[Symbol.dispose]() };
  }

  override onTrainEnd({ model }: EventArgs<"onTrainEnd">): void {
    this.#average.copyInto(model);
    this.#forget();
  }
  override onException(): void {
    this.#forget();
  }
  #putBack(): void {
    this.#exchanged?.[Symbol.dispose]();
    this.#exchanged = null;
  }
  #forget(): void {
    this.#putBack();
    this.#average[Symbol.dispose]();
    this.#model = null;
  }

  /** `{n_averaged, averages: {name: tensor}}`. */
  override stateDict(): unknown {
    return this.#average.stateDict();
  }
  override loadStateDict(state: unknown): void {
    if (this.#model !== null) this.#average.loadStateDict(this.#model, state);
  }

  toDict(): JsonObject {
    return {
      name_: "EMACallback",
      decay: this.decay,
      every_n_steps: this.everyNSteps,
      start_epoch: this.startEpoch,
    };
  }
  static fromDict(dict: JsonObject): EMACallback {
    const fields = readFields("EMACallback", dict, ["decay", "every_n_steps", "start_epoch"]);
    return EMACallback.fromOptions(fields);
  }
}
