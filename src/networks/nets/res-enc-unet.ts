import { z } from "zod";
import type { Tensor } from "../../torch/index.ts";
import { configClass, type Input, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { activationSchema } from "../blocks/activation.ts";
import { child } from "../blocks/child.ts";
import { DeeplySupervised } from "../blocks/deep-supervision.ts";
import { checkDivisible } from "../blocks/halvings.ts";
import { CONV_NORMS, normSchema } from "../blocks/normalization.ts";
import { initResEnc, ResidualEncoder, type Stage, UNetDecoder } from "../blocks/res-enc.ts";
import { dropout, type NetworkConfig } from "../network-config.ts";

const positive = z.int().positive();
const perStage = z.union([positive, z.array(positive).min(1)]);
const sizePerStage = z.union([positive, z.array(z.union([positive, z.array(positive)])).min(1)]);
const schema = z.strictObject({
  /** The probability with which a channel is dropped after the convolutions, from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** How many dimensions images have: 2 or 3. */
  spatialDims: z.union([z.literal(2), z.literal(3)], "spatialDims is 2 or 3"),

  /** The channels of the images. */
  inChannels: positive,

  /** The channels of what comes out: the number of classes. */
  outChannels: positive,

  /** The channels at each size, the largest first; default [32, 64, 128, 256, 320, 320]. */
  featuresPerStage: z
    .array(positive)
    .min(2, "A ResEncUNet has at least 2 stages")
    .default([32, 64, 128, 256, 320, 320]),

  /** The kernels at each size: one odd number for all, or one per stage, or one per stage and dimension; default 3. */
  kernelSizes: sizePerStage.default(3),

  /** By what each stage divides the size, in the same ways; default 1 for the first stage and 2 for the others. */
  strides: sizePerStage.optional(),

  /** How many residual blocks there are at each size on the way down; default [1, 3, 4, 6, 6, 6], cut to the number of stages. */
  nBlocksPerStage: perStage.optional(),

  /** How many convolutions on the way up: one number for all, or one per size, the smallest first; default 1. */
  nConvPerStageDecoder: perStage.default(1),

  /** Whether convolutions have a bias; default true, as in nnU-Net's plans. */
  convBias: z.boolean().default(true),

  /** The normalisation after each convolution: a name, or [name, options]; default ["instance", { affine: true }]. */
  norm: normSchema(CONV_NORMS).default(["instance", { affine: true }]),

  /** The activation after each normalisation: a name, or [name, options]; default ["leakyrelu", { inplace: true }]. */
  act: activationSchema.default(["leakyrelu", { inplace: true }]),

  /** Whether in training a segmentation of each size but the smallest comes out, the largest first; default false. */
  deepSupervision: z.boolean().default(false),
});
export type ResEncUNetOptions = Input<typeof schema>;
type Parsed = z.output<typeof schema>;

const BLOCKS = [1, 3, 4, 6, 6, 6];

/** Spells out what each stage has. */
function finish(options: Parsed, what: string) {
  const { featuresPerStage, spatialDims } = options;
  const stages = featuresPerStage.length;
  const wrong = (field: keyof Parsed, expected: string): never => {
    throw new ConfigError(`${what}: '${field}' got ${show(options[field])}. Expected ${expected}.`, {
      fieldNames: [field],
    });
  };
  const perStageOf = (field: "nBlocksPerStage" | "nConvPerStageDecoder", count: number, fallback: number[]) => {
    const given = options[field] ?? fallback;
    const each = typeof given === "number" ? Array.from({ length: count }, () => given) : given;
    return each.length === count
      ? each
      : wrong(field, `one number, or ${count}: 'featuresPerStage' has ${stages} stages`);
  };
  const sizesOf = (field: "kernelSizes" | "strides", fallback: number[]) => {
    const given = options[field] ?? fallback;
    const each = typeof given === "number" ? Array.from({ length: stages }, () => given) : given;
    if (each.length !== stages) wrong(field, `one number, or ${stages}, one for each of 'featuresPerStage'`);
    return each.map((size) => {
      const dims = typeof size === "number" ? Array.from({ length: spatialDims }, () => size) : size;
      return dims.length === spatialDims
        ? dims
        : wrong(field, `one number per stage, or ${spatialDims} ('spatialDims') per stage`);
    });
  };
  const kernelSizes = sizesOf("kernelSizes", []);
  if (kernelSizes.flat().some((length) => length % 2 === 0)) wrong("kernelSizes", "odd numbers, which keep the size");
  return {
    ...options,
    kernelSizes,
    strides: sizesOf(
      "strides",
      featuresPerStage.map((_, i) => (i === 0 ? 1 : 2)),
    ),
    nBlocksPerStage: perStageOf(
      "nBlocksPerStage",
      stages,
      featuresPerStage.map((_, i) => BLOCKS[i] ?? 6),
    ),
    nConvPerStageDecoder: perStageOf("nConvPerStageDecoder", stages - 1, []),
  };
}

/**
 * Config of {@link ResEncUNet}.
 * @example
 * ```ts
 * const config = new ResEncUNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 2, featuresPerStage: [16, 32, 64] });
 * console.log(config.strides, config.nBlocksPerStage); // → [ [ 1, 1, 1 ], [ 2, 2, 2 ], [ 2, 2, 2 ] ] [ 1, 3, 4 ]
 * ```
 */
export class ResEncUNetConfig
  extends configClass("ResEncUNet", schema, { finish })
  implements NetworkConfig<ResEncUNet>
{
  getObject(): ResEncUNet {
    return new ResEncUNet(this);
  }
}

/**
 * The UNet of nnU-Net whose way down is a residual network (Isensee et al., 2024), with its weights' names and what it draws:
 * (N, inChannels, …) → (N, outChannels, …). With `deepSupervision`, in training, an array of segmentations: of the size of the images, then smaller
 * ones, each of which a loss compares with the labels at that size; in evaluation the first alone. Each spatial size is a multiple of the product
 * of its strides.
 *
 * Options, named as in nnU-Net's plans: `spatialDims`, `inChannels`, `outChannels`, `featuresPerStage` ([32, 64, 128, 256, 320, 320]), `kernelSizes` (3),
 * `strides` (1, then 2), `nBlocksPerStage` ([1, 3, 4, 6, 6, 6]), `nConvPerStageDecoder` (1), `convBias` (true), `norm` (["instance", { affine: true }]),
 * `act` (["leakyrelu", { inplace: true }]), `dropout` (none), `deepSupervision` (false).
 * @throws ConfigError when called with images of another size.
 * @example
 * ```ts
 * using images = torch.rand([2, 1, 16, 16, 16]);
 * using network = new ResEncUNet({ spatialDims: 3, inChannels: 1, outChannels: 2, featuresPerStage: [4, 8, 16], deepSupervision: true });
 * using scope = torch.scope();
 * const logits = network.call(images);
 * if (!(logits instanceof torch.Tensor)) console.log(logits.map(({ shape }) => shape[2])); // → [ 16, 8 ]
 * ```
 */
export class ResEncUNet extends DeeplySupervised {
  readonly config: ResEncUNetConfig;
  readonly #encoder: ResidualEncoder;
  readonly #decoder: UNetDecoder;
  /** By what each dimension is divided in all. */
  readonly #factors: readonly number[];

  constructor(options: ResEncUNetOptions) {
    super();
    this.config = ResEncUNetConfig.of(options);
    const { inChannels, outChannels, featuresPerStage, kernelSizes, strides, nBlocksPerStage, ...layers } =
      this.config.fields();
    const [first, ...others] = featuresPerStage.map(
      (features, i): Stage => ({
        features,
        kernelSize: kernelSizes[i] ?? [],
        stride: strides[i] ?? [],
        blocks: nBlocksPerStage[i] ?? 1,
      }),
    );
    if (first === undefined) throw new RangeError("the schema has stages");
    this.#encoder = child(this, "encoder", new ResidualEncoder(layers, inChannels, [first, ...others]));
    const shape = { convs: layers.nConvPerStageDecoder, outChannels };
    this.#decoder = child(this, "decoder", new UNetDecoder(layers, this.#encoder, [first, ...others], shape));
    this.#factors = first.stride.map((_, dim) => strides.reduce((product, stride) => product * (stride[dim] ?? 1), 1));
    this.resetParameters();
  }

  /** Draws what its layers, which have drawn theirs, draw in another way in this network. */
  resetParameters(): void {
    initResEnc(this);
  }

  protected override outputs(x: Tensor, all: boolean): Tensor[] {
    checkDivisible("ResEncUNet", x.shape.slice(2), this.#factors, "give smaller 'strides'");
    return this.#decoder.call(this.#encoder.call(x), all);
  }
}
