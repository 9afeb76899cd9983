import type { Model } from "../models/index.ts";
import type { ComputationalConfig } from "../run/index.ts";
import * as torch from "../torch/index.ts";

/** The weights of a model as they are, with which each training begins. */
export class InitialWeights implements Disposable {
  readonly #weights: ReadonlyMap<string, torch.Tensor>;
  /** How often weights had been loaded into the model. */
  readonly #loads: number;

  constructor(model: Model) {
    using _scope = torch.scope();
    const copies = [...model.stateDict()].map(
      ([name, tensor]) => [name, tensor.to({ device: "cpu", copy: true }).keep()] as const,
    );
    this.#weights = new Map(copies);
    this.#loads = model.keptWeights.version;
  }

  /** Makes the weights of the model what they were, but for those that `loadWeights` has loaded since. */
  restore(model: Model): void {
    model.loadStateDict(this.#weights);
    if (model.keptWeights.version !== this.#loads) model.keptWeights.putBack(model);
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#weights.values()) tensor.dispose();
  }
}

/**
 * The model on the CPU in the usual memory format, with new weights or `initial` ones: in any other place or format, the
 * same seed would not give the same weights.
 */
export function resetToCpu(model: Model, initial: InitialWeights | null): void {
  model.to({ device: "cpu", memoryFormat: "contiguous" });
  if (initial === null) model.reset();
  else initial.restore(model);
}

/** The model on its device; 2D and 3D networks compute with channels last, if asked for. */
export function placeModel(model: Model, { device, nonBlocking, channelsLast }: ComputationalConfig): void {
  model.to({ device, nonBlocking });
  if (!channelsLast) return;
  model.to({ memoryFormat: "channels_last" });
  model.to({ memoryFormat: "channels_last_3d" });
}
