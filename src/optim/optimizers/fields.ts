/** Fields that several optimizers have, each for all parameters or per group. */
import { z } from "zod";
import { perGroup } from "./per-group.ts";

/** Paths of the parts that do not learn: one or several. */
export const freeze = z
  .union([z.string(), z.array(z.string())])
  .nullable()
  .default(null)
  .transform((value) => (typeof value === "string" ? [value] : value));

export const nonNegative = () => perGroup(z.number().nonnegative());
export const lr = (value: number) => perGroup(z.number().positive()).default(value);
export const flag = () => perGroup(z.boolean()).default(false);
/** PyTorch decides where it is null. */
export const choice = () => perGroup(z.boolean().nullable()).default(null);
export const unit = () => z.number().min(0).max(1);
