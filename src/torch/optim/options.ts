import { z } from "zod";

/** The options that several optimizers share, with their checks; defaults are PyTorch's. */
export const nonNegative = z.number().min(0, "Expected a number of at least 0");
export const fraction = z.number().min(0, "Expected a number in [0, 1)").lt(1, "Expected a number in [0, 1)");
export const flag = z.boolean().default(false);
/** null lets the library choose. */
export const choice = z.boolean().nullable().default(null);
