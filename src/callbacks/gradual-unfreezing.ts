import { z } from "zod";
import { parametersUnder } from "../optim/index.ts";
import { asRecord, Callback, type EventArgs, type Phase } from "../run/index.ts";
import type { nn } from "../torch/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { readFields } from "../utils/fields.ts";

const path = z.string().min(1);
const schema = z.strictObject({
  stages: z
    .array(z.strictObject({ epoch: z.int().min(2), parts: z.union([path, z.array(path).min(1)]) }))
    .min(1, "Expected at least one stage"),
});

/** The parts of a model that begin to learn with an epoch. */
interface Stage {
  readonly epoch: number;
  readonly parts: readonly string[];
}

/**
 * Lets parts of the model learn from a later epoch on, such as those with trained weights after the head (Howard and Ruder, 2018).
 *
 * `parts` are layers, blocks or parameters by their path in the model, as in `loadWeights`; `epoch`, from 2, is the first in which they learn. What is in
 * no stage is left as it is. Before its stage, a part gets no gradient, so no optimizer moves it and none makes a state for it, but statistics of
 * BatchNorm in it follow the data (unless `loadWeights` keeps them). When the training ends, what learns is as it was before. Rates per
 * part are the optimizer's: `lr: { "convolutions.layer0": 1e-5, ELSE: 1e-3 }`. ClinicaDL has no such callback.
 *
 * @throws ConfigError for a part in two stages, and at the start of the training for parts that the model does not have, or that
 * leave nothing to learn in the first epoch.
 * @example
 * ```ts
 * const callbacks = [
 *   new GradualUnfreezingCallback({
 *     stages: [
 *       { epoch: 3, parts: "network.convolutions.layer1" },
 *       { epoch: 6, parts: ["network.convolutions.layer0"] },
 *     ],
 *   }),
 * ];
 * const trainer = new Trainer({ maps: "unfreezing", model, callbacks, optimization: { numEpochs: 10 } });
 * ```
 */
export class GradualUnfreezingCallback extends Callback {
  static readonly name_ = "GradualUnfreezingCallback";
  readonly stages: readonly Stage[];
  /** What learnt before the training. */
  #before: ReadonlyMap<nn.Parameter, boolean> = new Map();
  /** From which epoch on those that are in a stage learn. */
  #epochs: ReadonlyMap<nn.Parameter, number> = new Map();
  #epoch = 0;

  constructor(options: Input<typeof schema>) {
    super();
    const { stages } = parseWith(schema, options, new.target.name);
    this.stages = stages.map(({ epoch, parts }) => ({ epoch, parts: typeof parts === "string" ? [parts] : parts }));
  }

  override get phase(): Phase {
    return "change";
  }

  override onTrainStart({ model }: EventArgs<"onTrainStart">): void {
    const parts = new Map<nn.Parameter, string>();
    const epochs = new Map<nn.Parameter, number>();
    for (const { epoch, part } of this.stages.flatMap(({ epoch, parts }) => parts.map((part) => ({ epoch, part })))) {
      for (const parameter of parametersUnder(model, part)) {
        const other = parts.get(parameter);
        if (other !== undefined) {
          throw new ConfigError(
            `GradualUnfreezingCallback: the parts '${other}' and '${part}' overlap. Give each parameter to one stage.`,
            { fieldNames: ["stages"] },
          );
        }
        parts.set(parameter, part);
        epochs.set(parameter, epoch);
      }
    }
    const all = [...model.parameters()];
    if (!all.some((parameter) => parameter.requiresGrad && !epochs.has(parameter))) {
      throw new ConfigError(
        "GradualUnfreezingCallback: nothing learns in the first epoch. Leave a part, such as the last layers, out of all stages.",
        { fieldNames: ["stages"] },
      );
    }
    this.#before = new Map(all.map((parameter) => [parameter, parameter.requiresGrad]));
    this.#epochs = epochs;
    this.#epoch = 0;
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    this.#moveTo(state.currentEpoch);
  }
  #moveTo(epoch: number): void {
    this.#epoch = epoch;
    for (const [parameter, first] of this.#epochs) parameter.requiresGrad = epoch >= first;
  }

  override onTrainEnd(): void {
    this.#putBack();
  }
  override onException(): void {
    this.#putBack();
  }
  #putBack(): void {
    for (const [parameter, learnt] of this.#before) parameter.requiresGrad = learnt;
    this.#before = new Map();
    this.#epochs = new Map();
  }

  /** `{epoch}`: the one in hand. */
  override stateDict(): unknown {
    return { epoch: this.#epoch };
  }
  override loadStateDict(state: unknown): void {
    const { epoch } = asRecord(state, "the state of GradualUnfreezingCallback");
    if (Number(epoch) > 0) this.#moveTo(Number(epoch));
  }

  toDict(): JsonObject {
    return {
      name_: "GradualUnfreezingCallback",
      stages: this.stages.map(({ epoch, parts }) => ({ epoch, parts: [...parts] })),
    };
  }
  static fromDict(dict: JsonObject): GradualUnfreezingCallback {
    return GradualUnfreezingCallback.fromOptions(readFields("GradualUnfreezingCallback", dict, ["stages"]));
  }
}
