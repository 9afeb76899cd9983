/** Fields that several losses have. */
import { z } from "zod";
import * as torch from "../torch/index.ts";

export const reduction = z.enum(["mean", "sum"], "Expected 'mean' or 'sum'").default("mean");
/** One weight per class. */
export const weight = z.array(z.number().nonnegative()).nullable().default(null);
export const ignoreIndex = z
  .int()
  .refine((index) => index === -100 || index >= 0, "ignoreIndex is a class index, or -100 for none")
  .default(-100);
/** PyTorch's `weight` of a loss without classes. */
export const noWeight = z
  .null(
    "'weight' is one value per sample of the batch, which cannot be known in advance: leave it out. See 'posWeight' of BCEWithLogitsLoss",
  )
  .default(null);

type Nested = number | readonly Nested[];
/** Numbers in lists of any depth. */
export const nested: z.ZodType<Nested> = z.union([z.number().nonnegative(), z.array(z.lazy(() => nested))]);

/** A buffer of the loss: one value per class, on no scope. */
export function weights(values: Nested | null): torch.Tensor | null {
  return values === null ? null : torch.tensor(values, { dtype: "float32" }).keep();
}
