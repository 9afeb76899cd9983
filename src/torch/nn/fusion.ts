/**
 * Runs a chain of layers, with those that `PATTERNS` knows done at once where that gives the same numbers (up to rounding). A layer
 * with a hook on it is run by itself. What a chain is made of is found out once, and kept until modules or hooks come or go.
 */

import type { Tensor } from "../tensor.ts";
import { foldedStep } from "./folded-norm.ts";
import { convNormStep } from "./fused-conv.ts";
import { normStep, slopeOf } from "./fused-norm.ts";
import type { Layer } from "./module.ts";
import { ownForward, type Pattern, type Step } from "./step.ts";
import { structureVersion } from "./structure.ts";

/** What is done at once. The first that fits is taken. */
const PATTERNS: readonly Pattern[] = [convNormStep, foldedStep, normStep];

/** The steps that could begin at each place of a chain. */
export class Chain {
  readonly #layers: readonly Layer[];
  readonly #steps: readonly (Step | undefined)[];
  readonly #version = structureVersion();

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
    this.#steps = layers.map((_, at) =>
      PATTERNS.map((pattern) => pattern(layers, at)).find((step) => step !== undefined),
    );
  }

  /** Whether modules or hooks have come or gone since. */
  get old(): boolean {
    return this.#version !== structureVersion();
  }

  /** Each intermediate is disposed as soon as the next layer has run, unless it is the input, the output, or kept. */
  run(x: Tensor): Tensor {
    return this.#runTo(this.#layers.length, x);
  }

  /** `act` of the sum of what comes out and `add`. */
  runAdding(x: Tensor, add: Tensor, act: Layer): Tensor {
    const last = this.#layers.length - 1;
    const step = this.#steps[last];
    const slope = slopeOf(act)?.();
    if (step?.runAdding === undefined || typeof slope !== "number" || slope < 0 || ownForward(act))
      return addAct(this.run(x), add, act, x);
    let before = x;
    if (this.#steps[last - 1]?.folds === true) {
      before = this.#runTo(last - 1, x);
      // where the convolution takes the normalisation in, no pass is left that the sum could be a part of
      const folded = this.#usable(last - 1, before);
      if (folded?.length === 2) return addAct(this.#replace(x, before, folded.run(before)), add, act, x);
      before = this.#replace(x, before, this.#call(last - 1, before));
    } else {
      before = this.#runTo(last, x);
    }
    const suits = this.#usable(last, before) === step && add.dtype === before.dtype && sameShape(add, before);
    const y = suits ? step.runAdding(before, add, slope) : addAct(this.#call(last, before), add, act);
    return this.#replace(x, before, y);
  }

  /** The first `end` layers. */
  #runTo(end: number, x: Tensor): Tensor {
    let current = x;
    for (let i = 0; i < end; ) {
      const step = this.#usable(i, current);
      const usable = step !== undefined && i + step.length <= end ? step : undefined;
      current = this.#replace(x, current, usable === undefined ? this.#call(i, current) : usable.run(current));
      i += usable?.length ?? 1;
    }
    return current;
  }

  /** `next`, which came of `current`: that is disposed of, unless it is the input or kept. */
  #replace(input: Tensor, current: Tensor, next: Tensor): Tensor {
    if (current !== input && current !== next && !current.kept) current.dispose();
    return next;
  }

  #call(at: number, x: Tensor): Tensor {
    return (this.#layers[at] as Layer).call(x);
  }

  #usable(at: number, x: Tensor): Step | undefined {
    const step = this.#steps[at];
    if (step === undefined) return undefined;
    // before its weights are looked at, which may be computed anew each time
    for (let i = at; i < at + step.length; i++) if (ownForward(this.#layers[i])) return undefined;
    return step.suits(x) ? step : undefined;
  }
}

function sameShape(a: Tensor, b: Tensor): boolean {
  const [left, right] = [a.shape, b.shape];
  return left.length === right.length && left.every((length, i) => length === right[i]);
}

/** The sum and the activation in turn. `changed` is disposed, unless it is `input`. */
function addAct(changed: Tensor, add: Tensor, act: Layer, input?: Tensor): Tensor {
  const sum = changed.add(add);
  if (changed !== input && changed !== add && !changed.kept) changed.dispose();
  const y = act.call(sum);
  if (y !== sum) sum.dispose();
  return y;
}
