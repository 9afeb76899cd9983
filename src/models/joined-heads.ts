import type { HasOutputGroups, OutputGroup } from "../infer/index.ts";
import * as torch from "../torch/index.ts";
import { nn, Tensor } from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Task } from "./tasks.ts";

/** A network with a head for each task: their outputs (N, C, …) by the names of the tasks. */
export type Heads = nn.Module<[Tensor], Readonly<Record<string, Tensor>>>;

/**
 * A network as one that gives a single tensor, which losses and inferers need: the outputs of its heads become channels in the order
 * of the tasks. It holds the network as it is.
 */
export class JoinedHeads extends nn.Module<[Tensor], Tensor> implements HasOutputGroups {
  readonly #network: nn.Module;
  readonly #tasks: readonly Task[];

  constructor(network: nn.Module, tasks: readonly Task[]) {
    super();
    this.#network = network;
    this.#tasks = tasks;
  }

  get outputGroups(): readonly OutputGroup[] {
    let start = 0;
    return this.#tasks.map(({ name, numOutputs: count }) => {
      const group = { name, start, count };
      start += count;
      return group;
    });
  }

  override forward(images: Tensor): Tensor {
    const outputs: unknown = this.#network.call(images);
    if (outputs instanceof Tensor) return outputs;
    const name = this.#network.constructor.name;
    const wanted = this.#tasks.map((task) => `'${task.name}'`).join(", ");
    if (typeof outputs !== "object" || outputs === null || Array.isArray(outputs)) {
      const got = Array.isArray(outputs) ? `${outputs.length} values` : show(outputs);
      throw new ConfigError(
        `${name} gives ${got}. Expected one tensor, or an object with one for each task: ${wanted}.`,
      );
    }
    const heads = Object.entries(outputs);
    const names = heads.map(([head]) => head);
    if (names.length !== this.#tasks.length || this.#tasks.some((task) => !names.includes(task.name))) {
      const got = names.map((head) => `'${head}'`).join(", ") || "{}";
      throw new ConfigError(`${name} gives ${got}, and the tasks are ${wanted}. Use the same names.`);
    }
    const parts = this.#tasks.map((task) => headOf(name, Reflect.get(outputs, task.name), task));
    const sizes = new Set(parts.map(({ shape: [n, , ...others] }) => [n, ...others].join()));
    if (sizes.size > 1) {
      const shapes = this.#tasks.map((task, i) => `'${task.name}' (${parts[i]?.shape.join(", ")})`).join(", ");
      throw new ConfigError(
        `${name} gives outputs of several sizes: ${shapes}. Heads may differ in channels only; for others, extend Model.`,
      );
    }
    const joined = torch.cat(parts, 1);
    for (const part of parts) part.dispose();
    return joined;
  }
}

function headOf(network: string, output: unknown, { name, numOutputs }: Task): Tensor {
  if (output instanceof Tensor && output.ndim > 1 && output.shape[1] === numOutputs) return output;
  const got = output instanceof Tensor ? `the shape (${output.shape.join(", ")})` : show(output);
  throw new ConfigError(
    `${network} gives ${got} for the task '${name}', which needs a tensor (N, ${numOutputs}, …). Say how many outputs it has: numOutputs.`,
    { fieldNames: ["tasks"] },
  );
}
