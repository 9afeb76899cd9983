import { callLoss, prepareTarget } from "../losses/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Task } from "./tasks.ts";

/**
 * The loss of several tasks: the sum of theirs by their weights. Each looks at its part of the output (N, C, …), whose channels are
 * those of the tasks one after the other; the target (N, T, …) has a channel for each.
 */
export class TaskLosses extends nn.Module<[output: Tensor, target: Tensor], Tensor> {
  /** The losses that are modules, which move and are saved with the model. */
  readonly tasks: nn.ModuleDict<nn.AnyModule>;
  readonly reduction = "mean";
  readonly #tasks: readonly Task[];

  constructor(tasks: readonly Task[]) {
    super();
    this.#tasks = tasks;
    const modules = tasks.flatMap(({ name, loss }) => (loss instanceof nn.Module ? [[name, loss] as const] : []));
    this.tasks = new nn.ModuleDict<nn.AnyModule>(Object.fromEntries(modules));
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const parts = partsOfTasks("TaskLosses", output, this.#tasks);
    const losses = parts.map(({ task, part }, i) =>
      callLoss(task.loss, part, prepareTarget(task.loss, part, target.narrow(1, i, 1))),
    );
    return weightedSum(losses, this.#tasks);
  }
}

/** @param losses those of the tasks, in their order. */
export function weightedSum(losses: readonly Tensor[], tasks: readonly Task[]): Tensor {
  const [first, ...others] = losses.map((loss, i) => loss.mul(tasks[i]?.weight ?? 0));
  if (first === undefined) throw new ConfigError("There is no task, and therefore no loss.");
  return others.reduce((sum, loss) => sum.add(loss), first);
}

/**
 * The part of each task of an output (N, C, …).
 * @param who gave the output, for messages.
 * @throws ConfigError unless it has as many channels as the tasks have together.
 */
export function partsOfTasks(
  who: string,
  output: Tensor,
  tasks: readonly Task[],
): { readonly task: Task; readonly part: Tensor }[] {
  const total = tasks.reduce((sum, { numOutputs }) => sum + numOutputs, 0);
  if (output.ndim < 2 || output.shape[1] !== total) {
    const each = tasks.map(({ name, numOutputs }) => `'${name}' ${numOutputs}`).join(", ");
    throw new ConfigError(
      `${who} gives the shape (${output.shape.join(", ")}), and the tasks need (N, ${total}, …): ${each}. Give the network as many outputs, or say how many are of each task: numOutputs.`,
      { fieldNames: ["tasks"] },
    );
  }
  let start = 0;
  return tasks.map((task) => {
    const part = output.narrow(1, start, task.numOutputs);
    start += task.numOutputs;
    return { task, part };
  });
}
