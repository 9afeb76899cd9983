import * as torch from "../torch/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { asRecord } from "./checkpoint/as-record.ts";

/** The parameters of a model and those of its buffers that are saved, each once, whatever else has it under another name. */
function savedTensors(model: torch.nn.AnyModule): (readonly [string, torch.Tensor])[] {
  const saved = model.stateDict();
  return [...model.namedParameters(), ...model.namedBuffers()].filter(([name]) => saved.has(name));
}

/**
 * An average of the weights and buffers that a model had at several moments of its training. Whole numbers, such as how many
 * batches a normalisation has seen, are not averaged: they are those of the last moment.
 */
export class WeightAverage implements Disposable {
  #averages = new Map<string, torch.Tensor>();
  #count = 0;
  #inPlace = false;

  /** Of how many moments; 0: there is no average yet. */
  get count(): number {
    return this.#count;
  }
  /** Whether the model has the averages at the moment, and this the weights of training. */
  get inPlace(): boolean {
    return this.#inPlace;
  }

  /** Takes the weights of a moment into account: the first ones as they are, then decay · average + (1 - decay) · weights. */
  addDecaying(model: torch.nn.AnyModule, decay: number): void {
    this.#add(model, (average, weights) => average.lerp_(weights, 1 - decay));
  }
  /** Takes the weights of a moment into account, each moment as much as another. */
  addEqually(model: torch.nn.AnyModule): void {
    const count = this.#count + 1;
    // in the order in which PyTorch computes it, so that the bits are the same
    this.#add(model, (average, weights) => average.add_(weights.sub(average).div(count)));
  }
  #add(model: torch.nn.AnyModule, move: (average: torch.Tensor, weights: torch.Tensor) => void): void {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    for (const [name, tensor] of savedTensors(model)) {
      const average = this.#averages.get(name);
      if (average === undefined) this.#averages.set(name, tensor.detach().clone().keep());
      else if (tensor.isFloatingPoint()) move(average, tensor);
      else average.copy_(tensor);
    }
    this.#count++;
  }

  /** Exchanges the weights of the model for the averages, until what it gives is disposed. */
  exchange(model: torch.nn.AnyModule): Disposable {
    this.#swap(model);
    this.#inPlace = true;
    return {
      [Symbol.dispose]: () => {
        if (!this.#inPlace) return;
        this.#inPlace = false;
        this.#swap(model);
      },
    };
  }
  #swap(model: torch.nn.AnyModule): void {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    for (const [name, tensor] of savedTensors(model)) {
      const average = this.#averages.get(name);
      if (average === undefined) continue;
      const before = tensor.detach().clone();
      tensor.copy_(average);
      average.copy_(before);
    }
  }

  /** Gives the averages to the model, for good. */
  copyInto(model: torch.nn.AnyModule): void {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    for (const [name, tensor] of savedTensors(model)) {
      const average = this.#averages.get(name);
      if (average !== undefined) tensor.copy_(average);
    }
  }

  stateDict(): Record<string, unknown> {
    return { n_averaged: this.#count, averages: this.#averages };
  }
  /** @throws ClinicaDLException where the averages are not those of such a model. */
  loadStateDict(model: torch.nn.AnyModule, state: unknown): void {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const { n_averaged, averages } = asRecord(state, "the state of averaged weights");
    const read = new Map(Object.entries(asRecord(averages, "the averaged weights")));
    this[Symbol.dispose]();
    this.#count = Number(n_averaged);
    if (this.#count === 0) return;
    for (const [name, tensor] of savedTensors(model)) {
      const average = read.get(name);
      if (!(average instanceof torch.Tensor) || String(average.shape) !== String(tensor.shape)) {
        throw new ClinicaDLException(
          `The checkpoint holds no averaged '${name}' of the shape (${tensor.shape.join(", ")}). Resume with the model that was trained.`,
        );
      }
      // in the place and the memory format of the weights
      this.#averages.set(name, tensor.detach().clone().copy_(average).keep());
    }
  }

  /** Forgets the averages. */
  [Symbol.dispose](): void {
    for (const average of this.#averages.values()) average.dispose();
    this.#averages = new Map();
    this.#count = 0;
    this.#inPlace = false;
  }
}
