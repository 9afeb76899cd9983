/** What the patterns of `fusion.ts` are made of. */

import type { Tensor } from "../tensor.ts";
import type { Layer } from "./module.ts";

/** Some layers of a chain that are run at once. */
export interface Step {
  /** How many. */
  readonly length: number;
  /** Whether they can be, on this image and as the layers are now. */
  suits(x: Tensor): boolean;
  run(x: Tensor): Tensor;
  /** Whether it is a convolution that takes in the normalisation behind it, where there are no gradients. */
  readonly folds?: true;
  /** The same with another image added and an activation after it, of that slope below 0; undefined: it cannot. */
  readonly runAdding?: (x: Tensor, add: Tensor, slope: number) => Tensor;
}
/** The step that begins at a place of a chain, if it is one of its kind. */
export type Pattern = (layers: readonly Layer[], at: number) => Step | undefined;

/** A subclass may compute something else, and a hook wants to see what goes in and out. */
export function isExactly(layer: Layer, type: unknown): boolean {
  return layer.constructor === type && !layer.hooked;
}

/** A `forward` of the object's own, as that of parametrised weights, computes something else than the class. */
export function ownForward(layer: Layer | undefined): boolean {
  return layer !== undefined && Object.hasOwn(layer, "forward");
}
