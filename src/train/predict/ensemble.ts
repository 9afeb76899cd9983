import { Batch, type BatchType, disposeBatch } from "../../data/dataloader/index.ts";
import { givesIndices } from "../../infer/gives-indices.ts";
import { type Model, VanillaModel } from "../../models/index.ts";
import { disposeOutput } from "../../run/index.ts";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { RunContext } from "../context.ts";
import { infer } from "../infer.ts";
import { fieldsOf } from "./writer.ts";

/** The saved weights of several models of one kind, on the device where the model is. */
export class Ensemble implements Disposable {
  readonly #members: readonly ReadonlyMap<string, Tensor>[];
  readonly #held: DisposableStack;

  /** @param paths files `model.pt`. */
  constructor(paths: readonly string[], device: string) {
    using stack = new DisposableStack();
    this.#members = paths.map((path) => {
      using _scope = torch.scope();
      const weights = torch.load(path) as Map<string, Tensor>;
      return new Map([...weights].map(([name, tensor]) => [name, stack.use(tensor.to({ device }).keep())]));
    });
    this.#held = stack.move();
  }

  /** The model with the weights of each member, one after the other. */
  *of(model: Model): Iterable<{ readonly isLast: boolean }> {
    for (const [i, weights] of this.#members.entries()) {
      model.loadStateDict(new Map(weights));
      yield { isLast: i === this.#members.length - 1 };
    }
  }

  [Symbol.dispose](): void {
    this.#held.dispose();
  }
}

/**
 * Passes a batch through the model with the weights of each member.
 * @param outputs the fields to average; null: those that the model adds.
 * @returns the batch, with the means of what the members give.
 * @throws ConfigError for outputs of which there is no mean: labels, texts, what has not the same shape for all.
 */
export function inferEnsemble(
  run: Pick<RunContext, "model" | "computational">,
  batch: BatchType,
  ensemble: Ensemble,
  outputs: readonly string[] | null,
): Batch {
  if (!(batch instanceof Batch)) {
    throw new ConfigError("predict: 'ensemble' takes batches of samples, not pairs of them.");
  }
  if (run.model instanceof VanillaModel && givesIndices(run.model.inferer)) {
    throw new ConfigError(
      `predict: the ${run.model.inferer.name_} decides for a class in its 'postprocessing', and of the numbers of classes that the models of an ensemble give there is no mean. Pass an 'inferer' without AsDiscrete, and take the likeliest class of the mean.`,
    );
  }
  const given = new Set(fieldsOf(batch));
  using _scope = torch.scope();
  const sums = new Map<string, Tensor>();
  let members = 0;
  for (const { isLast } of ensemble.of(run.model)) {
    members++;
    if (!isLast) {
      const input = batch.alias();
      let output: unknown = null;
      try {
        output = infer(run, input, "predictionStep");
        addTo(sums, output, given, outputs);
      } finally {
        disposeOutput(output);
        disposeBatch(input);
      }
      continue;
    }
    const output = addTo(sums, infer(run, batch, "predictionStep"), given, outputs);
    for (const [name, sum] of sums) replace(output, name, sum.div(members));
    return output;
  }
  throw new ConfigError("predict: the ensemble has no models.");
}

/** Adds what a member gave to the sums. @returns it. */
function addTo(
  sums: Map<string, Tensor>,
  output: unknown,
  given: ReadonlySet<string>,
  outputs: readonly string[] | null,
): Batch {
  if (!(output instanceof Batch)) {
    throw new ConfigError(`The model's predictionStep gave ${show(output)}. Expected the batch, with its outputs.`);
  }
  const there = fieldsOf(output);
  for (const name of (outputs ?? there).filter((field) => there.includes(field) && !given.has(field))) {
    const values = averaged(output, name);
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, values.clone());
    else if (sum.shape.join() === values.shape.join()) sum.add_(values);
    else {
      throw new ConfigError(
        `predict: '${name}' has shape (${values.shape.join(", ")}) from one model of the ensemble and (${sum.shape.join(", ")}) from those before: there is no mean of them.`,
      );
    }
  }
  return output;
}

function averaged(output: Batch, name: string): Tensor {
  const value: unknown = output.getValues(name)[0];
  const isLabels = output.get(0).images.get(name)?.kind === "label";
  if (!isLabels && value instanceof torch.Tensor && value.isFloatingPoint()) return output.getField(name);
  throw new ConfigError(
    `predict: '${name}' is ${isLabels ? "a mask" : value instanceof torch.Tensor ? `a tensor of ${value.dtype}` : show(value)}, and there is no mean of those of an ensemble. Let the model give scores: threshold them afterwards, or choose other 'outputs'.`,
  );
}

function replace(output: Batch, name: string, mean: Tensor): void {
  if (output.get(0).images.has(name)) output.addImages(name, mean);
  else output.addField(name, mean);
}
