import { z } from "zod";
import * as torch from "../torch/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Accepted } from "./accepted.ts";
import { reduction } from "./fields.ts";
import type { KnowsTargets, LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  /** Whether class 0 counts; default true. */
  includeBackground: z.boolean().default(true),

  /** Whether targets are class indices, (N, 1, …); default false. */
  toOnehotY: z.boolean().default(false),

  /** Whether the sigmoid makes probabilities of the output; default false. */
  sigmoid: z.boolean().default(false),

  /** Whether the softmax over classes makes probabilities of the output; default false. */
  softmax: z.boolean().default(false),

  /** Whether the sums of the denominator are of squares; default false. */
  squaredPred: z.boolean().default(false),

  /** Whether it is the Jaccard index instead; default false. */
  jaccard: z.boolean().default(false),

  /** How the losses of samples and classes are made one: "mean" (default) or "sum". */
  reduction,

  /** Added to the numerator, ≥ 0; default 1e-5. */
  smoothNr: z.number().nonnegative().default(1e-5),

  /** Added to the denominator, ≥ 0, against division by 0; default 1e-5. */
  smoothDr: z.number().nonnegative().default(1e-5),

  /** Whether sums run over the batch, too; default false. */
  batch: z.boolean().default(false),

  /** One weight per class that counts, ≥ 0, or one for all; default null: all alike. */
  weight: z.array(z.number().nonnegative()).min(1).nullable().default(null),
});

/**
 * The soft Dice loss 1 - (2·Σpt + smoothNr) / (Σp + Σt + smoothDr) of each sample and class, between an output p (N, C, …) and
 * targets t of its shape, or (N, 1, …) with class indices. Milletari et al., 2016; as MONAI's `DiceLoss`. Not in ClinicaDL 2.0.0,
 * which cannot read it.
 *
 * Options, all off unless said: `sigmoid` or `softmax` (over classes) makes probabilities of the output; `toOnehotY`: targets are
 * class indices; `includeBackground` (true): whether class 0 counts; `squaredPred`: squares in the denominator; `jaccard`: the
 * Jaccard index instead; `batch`: sums run over the batch, too; `weight`: one per class that counts; `smoothNr`, `smoothDr` (1e-5);
 * `reduction` ("mean" or "sum", over samples and classes).
 *
 * ```ts
 * new SegmentationModel({ network, loss: new DiceLossConfig({ softmax: true, toOnehotY: true }), optimizer });
 * ```
 *
 * @throws ConfigError for `sigmoid` with `softmax`, and in use where classes, weights or shapes do not go together.
 */
export class DiceLossConfig
  extends configClass("DiceLoss", schema, {
    finish: (options, what) => {
      if (options.sigmoid && options.softmax) {
        throw new ConfigError(`${what}: 'sigmoid' and 'softmax' are both true. Choose one.`, {
          fieldNames: ["sigmoid", "softmax"],
        });
      }
      return options;
    },
  })
  implements LossConfig
{
  getObject(): DiceLoss {
    return new DiceLoss(this);
  }
}

/** What {@link DiceLossConfig} builds. With `reduction` "none", it gives (N, C). */
export class DiceLoss extends nn.Module<[output: Tensor, target: Tensor], Tensor> implements KnowsTargets {
  reduction: Reduction;
  declare weight: Tensor | null;
  readonly #config: DiceLossConfig;

  constructor(options: ConstructorParameters<typeof DiceLossConfig>[0] | DiceLossConfig = {}) {
    super();
    this.#config = DiceLossConfig.of(options);
    this.reduction = this.#config.reduction;
    const { weight } = this.#config;
    this.registerBuffer("weight", weight === null ? null : torch.tensor(weight, { dtype: "float32" }).keep());
  }

  /** Class indices, or a share of each class. */
  acceptedTargets(classes: number | null): Accepted {
    const common = { by: "DiceLoss", min: 0, ignored: null, nan: false };
    if (!this.#config.toOnehotY) {
      const remedy = "Give one channel per class with 0 and 1, or toOnehotY: true for class indices.";
      return { ...common, expected: "targets between 0 and 1", remedy, integer: false, max: 1 };
    }
    const max = classes === null ? Number.POSITIVE_INFINITY : classes - 1;
    const expected = `class indices: integers from 0${classes === null ? "" : ` to ${max}, since the network gives ${classes} classes`}`;
    return { ...common, expected, remedy: "Number the classes of the masks from 0.", integer: true, max };
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const { sigmoid, softmax, toOnehotY, includeBackground, squaredPred, jaccard, smoothNr, smoothDr, batch } =
      this.#config;
    const classes = output.shape[1] ?? 1;
    if (classes === 1 && (softmax || toOnehotY || !includeBackground)) {
      throw new ConfigError(
        `DiceLoss: the output has one channel, (${output.shape.join(", ")}), so 'softmax', 'toOnehotY' and 'includeBackground: false' mean nothing. Leave them out, or give the network one output per class.`,
      );
    }
    let p = sigmoid ? output.sigmoid() : softmax ? output.softmax(1) : output;
    let t = toOnehotY ? oneHot(target, classes, output) : target.to({ dtype: output.dtype });
    if (t.ndim !== p.ndim || t.shape.some((size, i) => size !== p.shape[i])) {
      throw new ConfigError(
        `DiceLoss: the output has the shape (${output.shape.join(", ")}) and the target (${target.shape.join(", ")}). They must be equal; class indices (N, 1, …) need toOnehotY: true.`,
      );
    }
    if (!includeBackground) [p, t] = [p.narrow(1, 1, classes - 1), t.narrow(1, 1, classes - 1)];

    const places = Array.from({ length: p.ndim - 2 }, (_, i) => i + 2);
    const dims = batch ? [0, ...places] : places;
    // without a place to sum over, a sum over no dimension would be one over all
    const sum = (x: Tensor) => (dims.length === 0 ? x : x.sum(dims));
    const both = sum(p.mul(t));
    const all = squaredPred ? sum(p.square()).add(sum(t.square())) : sum(p).add(sum(t));
    const denominator = jaccard ? all.sub(both).mul(2) : all;
    const losses = both.mul(2).add(smoothNr).div(denominator.add(smoothDr)).neg().add(1);
    return this.#reduce(this.#weighted(losses));
  }

  #weighted(losses: Tensor): Tensor {
    const { weight } = this;
    const counted = losses.shape.at(-1) ?? 1;
    if (weight === null || counted === 1) return losses;
    if (weight.numel() !== 1 && weight.numel() !== counted) {
      throw new ConfigError(
        `DiceLoss: 'weight' has ${weight.numel()} values, and ${counted} classes count. Give one each, or one for all.`,
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
        return losses;
    }
  }
}

/** (N, 1, …) class indices as (N, classes, …), of the dtype of `like`. */
function oneHot(target: Tensor, classes: number, like: Tensor): Tensor {
  if (target.ndim !== like.ndim || target.shape[1] !== 1) {
    throw new ConfigError(
      `DiceLoss: with 'toOnehotY' the target is (N, 1, …) with class indices. Got (${target.shape.join(", ")}) for an output of (${like.shape.join(", ")}).`,
    );
  }
  const shape = [1, classes, ...Array.from({ length: like.ndim - 2 }, () => 1)];
  const indices = torch.arange(classes, { dtype: "int64", device: target.device }).reshape(shape);
  return target.to({ dtype: "int64" }).eq(indices).to({ dtype: like.dtype });
}
