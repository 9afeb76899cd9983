import { z } from "zod";
import { nn } from "../../torch/index.ts";

/** One activation: the options it takes and how it is built. */
interface Activation {
  readonly options: z.ZodObject<z.ZodRawShape>;
  build(options: Readonly<Record<string, unknown>>): nn.Module;
}

function activation<S extends z.ZodRawShape>(
  shape: S,
  build: (options: z.output<z.ZodObject<S>>) => nn.Module,
): Activation {
  const options = z.strictObject(shape) as unknown as z.ZodObject<S>;
  return {
    options: options as unknown as z.ZodObject<z.ZodRawShape>,
    build: (given) => build(options.parse(given)),
  };
}

const inplace = z.boolean().default(false);

/** The activations, by their name on disk. Options are those of PyTorch, in camelCase. */
export const ACTIVATIONS = {
  elu: activation({ alpha: z.number().default(1), inplace }, ({ alpha, ...rest }) => new nn.ELU(alpha, rest)),
  relu: activation({ inplace }, (o) => new nn.ReLU(o)),
  leakyrelu: activation(
    { negativeSlope: z.number().default(0.01), inplace },
    ({ negativeSlope, ...rest }) => new nn.LeakyReLU(negativeSlope, rest),
  ),
  prelu: activation(
    { numParameters: z.int().positive().default(1), init: z.number().default(0.25) },
    (o) => new nn.PReLU(o.numParameters, { init: o.init }),
  ),
  relu6: activation({ inplace }, (o) => new nn.ReLU6(o)),
  selu: activation({ inplace }, (o) => new nn.SELU(o)),
  celu: activation({ alpha: z.number().default(1), inplace }, ({ alpha, ...rest }) => new nn.CELU(alpha, rest)),
  gelu: activation({ approximate: z.enum(["none", "tanh"]).default("none") }, (o) => new nn.GELU(o.approximate)),
  sigmoid: activation({}, () => new nn.Sigmoid()),
  tanh: activation({}, () => new nn.Tanh()),
  softmax: activation({ dim: z.int().nullable().default(null) }, (o) => new nn.Softmax(o.dim)),
  logsoftmax: activation({ dim: z.int().nullable().default(null) }, (o) => new nn.LogSoftmax(o.dim)),
  mish: activation({ inplace }, (o) => new nn.Mish(o)),
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;

/** An activation by its name, or its name and options: `"relu"`, `["elu", { alpha: 0.5 }]`. */
export type ActivationParameters = ActivationName | readonly [ActivationName, Readonly<Record<string, unknown>>];

/** A name among `names`. Its type is the literal one, so that a misspelt name does not compile; what is read may be in any case. */
export function nameAmong<const N extends string>(names: readonly N[]): z.ZodType<N, N> {
  return z
    .string(`Expected one of ${names.join(", ")}`)
    .transform((name) => name.toLowerCase())
    .pipe(z.enum(names as readonly [N, ...N[]])) as unknown as z.ZodType<N, N>;
}

const activationName = nameAmong(Object.keys(ACTIVATIONS) as ActivationName[]);

/** Parses {@link ActivationParameters}. */
export const activationSchema: z.ZodType<ActivationParameters, ActivationParameters> = z
  .union([activationName, z.tuple([activationName, z.record(z.string(), z.unknown())])], {
    error: `Expected an activation, by name or [name, options]; names: ${Object.keys(ACTIVATIONS).join(", ")}`,
  })
  .superRefine((value, ctx) => {
    if (typeof value === "string") return;
    const result = ACTIVATIONS[value[0]].options.safeParse(value[1]);
    if (!result.success)
      ctx.addIssue({ code: "custom", message: `Options of '${value[0]}': ${z.prettifyError(result.error)}` });
  }) as unknown as z.ZodType<ActivationParameters, ActivationParameters>;

/** Builds an activation layer. */
export function buildActivation(parameters: ActivationParameters): nn.Module {
  const [name, options] = typeof parameters === "string" ? [parameters, {}] : parameters;
  return ACTIVATIONS[name].build(options);
}
