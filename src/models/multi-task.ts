import type { Batch } from "../data/dataloader/index.ts";
import { acceptedTargets, callLoss, type LossFunction, nameOf, prepareTarget } from "../losses/index.ts";
import { nn, Tensor } from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { ofAnyOutput } from "./first-output.ts";
import { type Heads, JoinedHeads } from "./joined-heads.ts";
import { meanInWindow, sourceOf, targetCounts } from "./loss-weight.ts";
import type { Losses, LossWeight, NeededField, Scaler, Shares } from "./model.ts";
import { partsOfTasks, TaskLosses, weightedSum } from "./task-losses.ts";
import { readTasks, type Task, type TaskOptions, tasksFrom, tasksToDict } from "./tasks.ts";
import { type FieldReader, VanillaModel, type VanillaModelOptions } from "./vanilla.ts";

export interface MultiTaskModelOptions extends Omit<VanillaModelOptions, "network" | "loss"> {
  /**
   * A network of one output (N, C, …), whose channels are those of the tasks, one task after the other; or one with heads, that
   * gives an object with an output for each task.
   */
  readonly network: VanillaModelOptions["network"] | Heads;
  /** What the network learns, by names of one's own: columns of the training's losses, and of predictions. */
  readonly tasks: Readonly<Record<string, TaskOptions>>;
}

/**
 * A network that learns to predict several labels from an image at once. What is minimised is the sum of the tasks' losses by their
 * weights; each loss is logged as it is, without its weight.
 *
 * Evaluation and prediction add, besides all outputs together (`output`), those of each task: `output_` and its name. Metrics name
 * what they compare, and the loss of which task.
 *
 * All samples have all labels. In a window of several batches (`accumulationSteps`) each task counts a batch by its samples, or by what
 * its labels weigh, where its loss has weights of classes. Postprocessing of the inferer sees all outputs together, and must keep their number.
 *
 * Not in ClinicaDL 2.0.0, which cannot read it.
 * @example
 * ```ts
 * const twoTasks = new MultiTaskModel({
 *   network: new CNNConfig({ inShape: [1, 17, 20, 16], numOutputs: 3, convArgs: { channels: [8, 16] } }),
 *   tasks: {
 *     age: { loss: new MSELossConfig(), weight: 0.01 },
 *     label: { loss: new CrossEntropyLossConfig(), numOutputs: 2 },
 *   },
 *   optimizer: new AdamConfig({ lr: 1e-3 }),
 * });
 * const metrics = {
 *   ageLoss: new LossMetricConfig({ lossName: "age", predKey: "output_age", labelKey: "age" }),
 *   mae: new MAEMetricConfig({ predKey: "output_age", labelKey: "age" }),
 * };
 * const trainer = new Trainer({ maps: "two-tasks", model: twoTasks, metrics, optimization: { numEpochs: 1 } });
 * await trainer.train(split);
 * ```
 */
export class MultiTaskModel extends VanillaModel {
  static readonly name_: string = "MultiTaskModel";
  readonly #tasks: readonly Task[];

  constructor({ tasks, network, ...options }: MultiTaskModelOptions) {
    if ("loss" in options) {
      throw new ConfigError(`${new.target.name}: there is no option 'loss': each of the 'tasks' has its own.`, {
        fieldNames: ["loss"],
      });
    }
    const known = tasksFrom(new.target.name, tasks);
    const one = network instanceof nn.Module ? ofAnyOutput(network) : network;
    super({ ...options, network: one, loss: new TaskLosses(known) });
    this.#tasks = known;
    const { numClasses: got } = this;
    const total = known.reduce((sum, { numOutputs }) => sum + numOutputs, 0);
    if (got !== null && got !== total) {
      if (!(network instanceof nn.Module)) this.network.dispose();
      const each = known.map(({ name, numOutputs }) => `'${name}' ${numOutputs}`).join(", ");
      throw new ConfigError(
        `${new.target.name}: the network gives ${got} values, and the tasks need ${total}: ${each}. Give it numOutputs: ${total}, or say how many are of each task: numOutputs.`,
        { fieldNames: ["tasks"] },
      );
    }
  }

  /** What the network learns, in the order of its outputs. */
  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  /** The loss of each task, without its weight. */
  override forwardStep(batch: Batch, shares?: Shares): Record<string, Tensor> {
    const output = this.inferred.call(batch.getField("image", { dtype: "float32" }));
    const losses = this.#partsOf(output).map(({ task: { name, loss, labelKey }, part }) => {
      const label = batch.getField(labelKey, { ensureChannelDim: true });
      const target = prepareTarget(loss, part, label, sourceOf(batch, labelKey));
      return [name, meanInWindow(shares?.[name], part, () => callLoss(loss, part, target))] as const;
    });
    return Object.fromEntries(losses);
  }

  /** Of each task by itself: class indices count by the weights of their classes, and not where they are ignored; others as samples. */
  override lossWeight(batch: Batch): LossWeight | null {
    const counts = this.#tasks.map(({ loss, labelKey }) => targetCounts(loss, batch, labelKey)?.[0] ?? null);
    if (counts.every((count) => count === null)) return null;
    return Object.fromEntries(this.#tasks.map(({ name }, i) => [name, counts[i] ?? batch.length]));
  }

  override backwardStep(losses: Losses, gradScaler?: Scaler): void {
    const each = this.#tasks.map(({ name }) => {
      const loss = losses instanceof Tensor ? undefined : losses[name];
      if (loss !== undefined) return loss;
      throw new ConfigError(
        `${this.constructor.name}.backwardStep needs the loss of the task '${name}'. Pass what forwardStep gave.`,
      );
    });
    super.backwardStep(weightedSum(each, this.#tasks), gradScaler);
  }

  override getLossFunctions(): Record<string, LossFunction> {
    return Object.fromEntries(this.#tasks.map(({ name, loss }) => [name, loss]));
  }

  protected override get inferred(): JoinedHeads {
    return new JoinedHeads(this.network, this.#tasks);
  }

  /** Adds the outputs to the batch: all together, and those of each task. */
  override evaluationStep(batch: Batch): Batch {
    const evaluated = super.evaluationStep(batch);
    const { inferer } = this;
    const all = "outputName" in inferer && typeof inferer.outputName === "string" ? inferer.outputName : "output";
    for (const { task, part } of this.#partsOf(evaluated.getField(all))) {
      evaluated.addField(`${all}_${task.name}`, part);
    }
    return evaluated;
  }

  override get addedFields(): readonly string[] | null {
    if (this.evaluationStep !== MultiTaskModel.prototype.evaluationStep) return null;
    const [all] = this.addedByInferer() ?? [];
    return all === undefined ? null : [all, ...this.#tasks.map(({ name }) => `${all}_${name}`)];
  }

  #partsOf(output: Tensor): { readonly task: Task; readonly part: Tensor }[] {
    return partsOfTasks(this.network.constructor.name, output, this.#tasks);
  }

  /** The labels of the tasks, unless `forwardStep` is one's own. */
  override neededFields(): readonly NeededField[] {
    if (this.forwardStep !== MultiTaskModel.prototype.forwardStep) return [];
    return this.#tasks.map(({ loss, labelKey, numOutputs }) => ({
      field: labelKey,
      by: nameOf(loss),
      accepted: acceptedTargets(loss, numOutputs),
    }));
  }

  override toDict(): JsonObject {
    const { loss: _, ...dict } = super.toDict();
    return { ...dict, tasks: tasksToDict(this.#tasks) };
  }
  protected static override readonly readers: Readonly<Record<string, FieldReader>> = {
    ...withoutLoss(VanillaModel.readers),
    tasks: readTasks,
  };
}

function withoutLoss({ loss: _, ...readers }: Readonly<Record<string, FieldReader>>): Record<string, FieldReader> {
  return readers;
}
