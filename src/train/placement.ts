import type { ComputationalConfig } from "../callbacks/index.ts";
import type { Model } from "../models/index.ts";
import type { Tensor } from "../torch/index.ts";

/**
 * The model on the CPU in the usual memory format, with new weights or `initial` ones: in any other place or format, the
 * same seed would not give the same weights.
 */
export function resetToCpu(model: Model, initial: ReadonlyMap<string, Tensor> | null): void {
  model.to({ device: "cpu", memoryFormat: "contiguous" });
  if (initial === null) model.reset();
  else model.loadStateDict(initial as Map<string, Tensor>);
}

/** The model on its device; weights of 2D or 3D convolutions with channels last, if asked for. */
export function placeModel(model: Model, { device, nonBlocking, channelsLast }: ComputationalConfig): void {
  model.to({ device, nonBlocking });
  if (!channelsLast) return;
  model.to({ memoryFormat: "channels_last" });
  model.to({ memoryFormat: "channels_last_3d" });
}
