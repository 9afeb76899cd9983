import { z } from "zod";
import { adnOrdering, dropout } from "../network-config.ts";
import { activationSchema } from "./activation.ts";
import { NORMS, normSchema } from "./normalization.ts";

/** What an MLP takes besides its sizes. */
export const mlpOptionsShape = {
  /** The probability with which a value is dropped, from 0 to 1; default null: no dropout. */
  dropout: dropout.default(null),

  /** The numbers of features of the hidden layers. */
  hiddenDims: z.array(z.int().positive()),

  /** The activation after each layer but the last: a name, or [name, options]; null for none. Default "prelu". */
  act: activationSchema.nullable().default("prelu"),

  /** The activation after the last layer: a name, or [name, options]; default null: none. */
  outputAct: activationSchema.nullable().default(null),

  /** The normalisation after each hidden layer: a name, or [name, options]; null for none. Default "batch". */
  norm: normSchema(NORMS).nullable().default("batch"),

  /** Whether layers add a bias; default true. */
  bias: z.boolean().default(true),

  /** The order of activation (A), dropout (D) and normalisation (N) after each layer; default "NDA". */
  adnOrdering: adnOrdering.default("NDA"),
};
const mlpOptions = z.strictObject(mlpOptionsShape);
/** `mlpArgs`; null is a single linear layer. */
export const mlpArgs = mlpOptions
  .nullable()
  .default(null)
  .transform((args) => args ?? mlpOptions.parse({ hiddenDims: [] }));
