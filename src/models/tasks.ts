import { z } from "zod";
import { type LossConfig, type LossFunction, lossRegistry, nameOf } from "../losses/index.ts";
import { nn } from "../torch/index.ts";
import { type JsonObject, type JsonValue, parseWith, show } from "../utils/config.ts";
import { CannotReadFieldError, ConfigError } from "../utils/exceptions.ts";
import type { Named } from "../utils/registry.ts";
import { configOfLoss } from "./as-configs.ts";

/** One of the things that a network learns to predict. */
export interface TaskOptions {
  /** What is made small for it in training. */
  readonly loss: LossFunction | LossConfig | Named;
  /** What its loss counts among those of all tasks, ≥ 0. Default 1. */
  readonly weight?: number;
  /** How many values, or channels, the network gives for it. Default 1. */
  readonly numOutputs?: number;
  /** The field of the samples to predict: a column, or a mask. Default: the name of the task. */
  readonly labelKey?: string;
}

export interface Task {
  readonly name: string;
  readonly loss: LossFunction;
  /** What a MAPS records of the loss; null where it is one of one's own. */
  readonly config: LossConfig | null;
  readonly weight: number;
  readonly numOutputs: number;
  readonly labelKey: string;
}

const schema = z.strictObject({
  loss: z.unknown(),
  weight: z.number().min(0).default(1),
  numOutputs: z.int().min(1).default(1),
  labelKey: z.string().min(1).optional(),
});

/**
 * The tasks, in the order of their outputs.
 * @param who the model, for messages.
 * @throws ConfigError when there are none, or one of them cannot be.
 */
export function tasksFrom(who: string, options: unknown): readonly Task[] {
  const entries = isRecord(options) ? Object.entries(options) : [];
  if (entries.length === 0) {
    throw wrong(`${who}: 'tasks' got ${show(options)}. Expected the tasks by their names, such as { age: { loss } }.`);
  }
  const tasks = entries.map(([name, task]) => taskFrom(who, name, task));
  if (tasks.every(({ weight }) => weight === 0)) {
    throw wrong(`${who}: all tasks have the weight 0, so that nothing is learnt. Give one of them another weight.`);
  }
  return tasks;
}

function taskFrom(who: string, name: string, options: unknown): Task {
  // the name is part of those of columns, and of a metric's options; Trainers take 'loss' for the loss of all
  if (!/^[A-Za-z]\w*$/.test(name) || name === "loss" || name in Object.prototype) {
    throw wrong(
      `${who}: a task is named ${show(name)}. Expected letters, digits and '_', a letter first, and not 'loss'; the column may have another name: 'labelKey'.`,
    );
  }
  const what = `${who}: the task '${name}'`;
  const { loss: given, weight, numOutputs, labelKey = name } = parseWith(schema, options, what);
  if (given instanceof nn.Module || typeof given === "function") {
    const loss = given as LossFunction;
    return { name, loss, config: configOfLoss(loss), weight, numOutputs, labelKey };
  }
  const config = lossRegistry.from(`${what}: 'loss'`, given);
  if (config === null) {
    throw wrong(`${what}: 'loss' got ${show(given)}. Expected a function, a torch.nn.Module or the config of a loss.`);
  }
  return { name, loss: config.getObject(), config, weight, numOutputs, labelKey };
}

/** What a MAPS records of the tasks: a loss of one's own by name, which cannot be read back. */
export function tasksToDict(tasks: readonly Task[]): JsonObject {
  const written = tasks.map(({ name, loss, config, weight, numOutputs, labelKey }): [string, JsonObject] => [
    name,
    { loss: config?.toDict() ?? textOf(loss), weight, num_outputs: numOutputs, label_key: labelKey },
  ]);
  return Object.fromEntries(written);
}

function textOf(loss: LossFunction): string {
  return loss instanceof nn.Module ? nameOf(loss) : `<function ${nameOf(loss)}>`;
}

/** The options of the tasks that {@link tasksToDict} wrote. @throws CannotReadFieldError */
export function readTasks(value: JsonValue | undefined, model: string): Record<string, unknown> {
  if (!isRecord(value)) {
    throw new CannotReadFieldError(`${model}: 'tasks' was written as ${show(value)}, which are no tasks.`, ["tasks"]);
  }
  const read = Object.entries(value).map(([name, task]) => {
    if (!isRecord(task)) {
      throw new CannotReadFieldError(`${model}: the task '${name}' was written as ${show(task)}.`, ["tasks"]);
    }
    const { loss, weight, num_outputs: numOutputs, label_key: labelKey, ...rest } = task;
    const read = lossRegistry.read(`${model}: the task '${name}'`, "tasks", loss);
    // options that are not known are refused by those who take them
    return [name, { ...rest, loss: read, weight, numOutputs, labelKey }] as const;
  });
  return Object.fromEntries(read);
}

function isRecord<T>(value: T | { readonly [key: string]: T }): value is { readonly [key: string]: T } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(message: string): ConfigError {
  return new ConfigError(message, { fieldNames: ["tasks"] });
}
