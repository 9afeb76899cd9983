/** What losses between segmentations share: outputs and targets with one channel per class, without the background if it does not count. */
import { z } from "zod";
import * as torch from "../torch/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { warn } from "../utils/warnings.ts";
import type { Accepted } from "./accepted.ts";
import { reduction } from "./fields.ts";
import type { ComparesSamples, KnowsTargets, Reduction } from "./types.ts";

const smooth = z.number().nonnegative().default(1e-5);

/** The options of all of them that compare sums over a segmentation. */
export const segmentationShape = {
  /** Whether class 0 counts; default true. */
  includeBackground: z.boolean().default(true),

  /** Whether targets are class indices, (N, 1, …); default false. */
  toOnehotY: z.boolean().default(false),

  /** Whether the sigmoid makes probabilities of the output; default false. */
  sigmoid: z.boolean().default(false),

  /** Whether the softmax over classes makes probabilities of the output; default false. */
  softmax: z.boolean().default(false),

  /** How the losses of samples and classes are made one: "mean" (default) or "sum". */
  reduction,

  /** Added to the numerator, ≥ 0; default 1e-5. */
  smoothNr: smooth,

  /** Added to the denominator, ≥ 0, against division by 0; default 1e-5. */
  smoothDr: smooth,

  /** Whether sums run over the batch, too; default false. */
  batch: z.boolean().default(false),
};
/** One weight per class that counts, or one for all. */
export const classWeights = z.array(z.number().nonnegative()).min(1).nullable().default(null);

interface SegmentationOptions {
  readonly includeBackground: boolean;
  readonly toOnehotY: boolean;
  readonly reduction: Reduction;
  readonly sigmoid?: boolean;
  readonly softmax?: boolean;
  /** Whether sums run over the batch, so that there is no value per sample. */
  readonly batch?: boolean;
}

/**
 * For the `finish` of a config.
 * @throws ConfigError where both activations are chosen.
 */
export function oneActivation<F extends { readonly sigmoid: boolean; readonly softmax: boolean }>(
  options: F,
  what: string,
): F {
  if (!(options.sigmoid && options.softmax)) return options;
  throw new ConfigError(`${what}: 'sigmoid' and 'softmax' are both true. Choose one.`, {
    fieldNames: ["sigmoid", "softmax"],
  });
}

/** A loss between an output (N, C, …) and a target of its shape, or (N, 1, …) with class indices where `toOnehotY` says so. */
export abstract class SegmentationLoss<O extends SegmentationOptions>
  extends nn.Module<[output: Tensor, target: Tensor], Tensor>
  implements KnowsTargets, ComparesSamples
{
  reduction: Reduction;
  /** What it was made of. */
  readonly config: O;
  /** Whether an output has been looked at: it is the network's doing, and the next ones are alike. */
  #looked = false;

  constructor(options: O) {
    super();
    this.config = options;
    this.reduction = options.reduction;
  }

  /**
   * The values before they are made one.
   * @param p (N, C, …) after the activation, and `t`, the target, of the same shape and dtype.
   * @returns (N, C) or (N, 1); without N where sums run over the batch.
   */
  protected abstract losses(p: Tensor, t: Tensor): Tensor;

  get comparesSamples(): "batch" | null {
    return this.config.batch === true ? "batch" : null;
  }

  /** Class indices, or a share of each class. */
  acceptedTargets(classes: number | null): Accepted {
    const common = { by: this.constructor.name, min: 0, ignored: null, nan: false };
    if (!this.config.toOnehotY) {
      const remedy = "Give one channel per class with 0 and 1, or toOnehotY: true for class indices.";
      return { ...common, expected: "targets between 0 and 1", remedy, integer: false, max: 1 };
    }
    const max = classes === null ? Number.POSITIVE_INFINITY : classes - 1;
    const expected = `class indices: integers from 0${classes === null ? "" : ` to ${max}, since the network gives ${classes} classes`}`;
    return { ...common, expected, remedy: "Number the classes of the masks from 0.", integer: true, max };
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const { toOnehotY, sigmoid = false, softmax = false } = this.config;
    const { name } = this.constructor;
    const classes = output.shape[1] ?? 1;
    const includeBackground = this.countsBackground(classes);
    if (classes === 1 && (softmax || toOnehotY || !includeBackground)) {
      throw new ConfigError(
        `${name}: the output has one channel, (${output.shape.join(", ")}), so a softmax, 'toOnehotY' and 'includeBackground: false' mean nothing. Leave them out, or give the network one output per class.`,
      );
    }
    if (this.config.sigmoid === false && !softmax) this.#lookAt(output);
    let p = sigmoid ? output.sigmoid() : softmax ? output.softmax(1) : output;
    let t = toOnehotY ? this.#oneHot(target, classes, output) : target.to({ dtype: output.dtype });
    if (t.ndim !== p.ndim || t.shape.some((size, i) => size !== p.shape[i])) {
      throw new ConfigError(
        `${name}: the output has the shape (${output.shape.join(", ")}) and the target (${target.shape.join(", ")}). They must be equal; class indices (N, 1, …) need toOnehotY: true.`,
      );
    }
    if (!includeBackground) [p, t] = [p.narrow(1, 1, classes - 1), t.narrow(1, 1, classes - 1)];
    return this.#reduce(this.losses(p, t));
  }

  /** Warns of an output that is no probabilities, where nothing makes them of it. */
  #lookAt(output: Tensor): void {
    if (this.#looked || output.numel() === 0) return;
    this.#looked = true;
    using _scope = torch.scope();
    const [low, high] = output.detach().aminmax();
    const [from, to] = [Number(low.item()), Number(high.item())];
    if (from >= 0 && to <= 1) return;
    warn(
      `${this.constructor.name} takes probabilities, between 0 and 1, where neither 'softmax' nor 'sigmoid' is true; the output of the network goes from ${from} to ${to}. The loss is not what its name says: of logits, give it softmax: true, or sigmoid: true where classes may overlap.`,
    );
  }

  /** Whether class 0 counts. */
  protected countsBackground(_classes: number): boolean {
    return this.config.includeBackground;
  }

  /** The sum over all places of a sample and class, and over the batch if the options say so. */
  protected sum(x: Tensor): Tensor {
    const places = Array.from({ length: x.ndim - 2 }, (_, i) => i + 2);
    const dims = this.config.batch === true ? [0, ...places] : places;
    // without a place to sum over, a sum over no dimension would be one over all
    return dims.length === 0 ? x : x.sum(dims);
  }

  /**
   * Values of each class (…, C), each times its weight.
   * @throws ConfigError when there is not one weight per class that counts, or one for all.
   */
  protected weighted(losses: Tensor, weight: Tensor | null): Tensor {
    const counted = losses.shape.at(-1) ?? 1;
    if (weight === null || counted === 1) return losses;
    if (weight.numel() !== 1 && weight.numel() !== counted) {
      throw new ConfigError(
        `${this.constructor.name}: 'weight' has ${weight.numel()} values, and ${counted} classes count. Give one each, or one for all.`,
        { fieldNames: ["weight"] },
      );
    }
    return losses.mul(weight);
  }

  #reduce(losses: Tensor): Tensor {
    switch (this.reduction) {
      case "mean":
        return losses.mean();
      case "sum":
        return losses.sum();
      case "none":
        // values of classes over a batch must not be taken for those of samples
        if (this.config.batch !== true) return losses;
        return this.config.reduction === "sum" ? losses.sum() : losses.mean();
    }
  }

  /** (N, 1, …) class indices as (N, classes, …), of the dtype of `like`. */
  #oneHot(target: Tensor, classes: number, like: Tensor): Tensor {
    if (target.ndim !== like.ndim || target.shape[1] !== 1) {
      throw new ConfigError(
        `${this.constructor.name}: with 'toOnehotY' the target is (N, 1, …) with class indices. Got (${target.shape.join(", ")}) for an output of (${like.shape.join(", ")}).`,
      );
    }
    const shape = [1, classes, ...Array.from({ length: like.ndim - 2 }, () => 1)];
    const indices = torch.arange(classes, { dtype: "int64", device: target.device }).reshape(shape);
    return target.to({ dtype: "int64" }).eq(indices).to({ dtype: like.dtype });
  }
}
