import { z } from "zod";
import { nn } from "../../torch/index.ts";
import { nameMaybeOptions, namesOf, splitName } from "./named.ts";

/** The options of an activation, which become what makes one. */
type Activation = z.ZodType<() => nn.Layer>;

const inplace = z.boolean().default(false);

/** The activations, by their name on disk. Options are those of PyTorch, in camelCase. */
export const ACTIVATIONS = {
  elu: z.strictObject({ alpha: z.number().default(1), inplace }).transform(
    ({ alpha, ...rest }) =>
      () =>
        new nn.ELU(alpha, rest),
  ),
  relu: z.strictObject({ inplace }).transform((o) => () => new nn.ReLU(o)),
  leakyrelu: z.strictObject({ negativeSlope: z.number().default(0.01), inplace }).transform(
    ({ negativeSlope, ...rest }) =>
      () =>
        new nn.LeakyReLU(negativeSlope, rest),
  ),
  prelu: z
    .strictObject({ numParameters: z.int().positive().default(1), init: z.number().default(0.25) })
    .transform((o) => () => new nn.PReLU(o.numParameters, { init: o.init })),
  relu6: z.strictObject({ inplace }).transform((o) => () => new nn.ReLU6(o)),
  selu: z.strictObject({ inplace }).transform((o) => () => new nn.SELU(o)),
  celu: z.strictObject({ alpha: z.number().default(1), inplace }).transform(
    ({ alpha, ...rest }) =>
      () =>
        new nn.CELU(alpha, rest),
  ),
  gelu: z
    .strictObject({ approximate: z.enum(["none", "tanh"]).default("none") })
    .transform((o) => () => new nn.GELU(o.approximate)),
  sigmoid: z.strictObject({}).transform(() => () => new nn.Sigmoid()),
  tanh: z.strictObject({}).transform(() => () => new nn.Tanh()),
  softmax: z.strictObject({ dim: z.int().nullable().default(null) }).transform((o) => () => new nn.Softmax(o.dim)),
  logsoftmax: z
    .strictObject({ dim: z.int().nullable().default(null) })
    .transform((o) => () => new nn.LogSoftmax(o.dim)),
  mish: z.strictObject({ inplace }).transform((o) => () => new nn.Mish(o)),
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;

/** An activation by its name, or its name and options: `"relu"`, `["elu", { alpha: 0.5 }]`. */
export type ActivationParameters = ActivationName | readonly [ActivationName, Readonly<Record<string, unknown>>];

/** Parses {@link ActivationParameters}. */
export const activationSchema: z.ZodType<ActivationParameters, ActivationParameters> = nameMaybeOptions(
  "an activation",
  ACTIVATIONS,
  namesOf(ACTIVATIONS),
);

/** Builds an activation layer. */
export function buildActivation(parameters: ActivationParameters): nn.Layer {
  const [name, options] = splitName(parameters);
  return ACTIVATIONS[name].parse(options)();
}
