import { z } from "zod";
import { adnOrdering, dropout } from "../network-config.ts";
import { activationSchema } from "./activation.ts";
import { NORMS, normSchema } from "./normalization.ts";

/** What an MLP takes besides its sizes. */
export const mlpOptionsShape = {
  dropout: dropout.default(null),
  hiddenDims: z.array(z.int().positive()),
  act: activationSchema.nullable().default("prelu"),
  outputAct: activationSchema.nullable().default(null),
  norm: normSchema(NORMS).nullable().default("batch"),
  bias: z.boolean().default(true),
  adnOrdering: adnOrdering.default("NDA"),
};
const mlpOptions = z.strictObject(mlpOptionsShape);
/** `mlpArgs`; null is a single linear layer. */
export const mlpArgs = mlpOptions
  .nullable()
  .default(null)
  .transform((args) => args ?? mlpOptions.parse({ hiddenDims: [] }));
