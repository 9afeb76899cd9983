import { z } from "zod";

/** A row of the study. */
export const trialSchema = z.object({
  number: z.int(),
  values: z.string().transform((text) => z.record(z.string(), z.number()).parse(JSON.parse(text))),
  state: z.enum(["running", "complete", "pruned", "failed"]),
  /** The mean over its trainings; of one that was pruned, the metric at that time. */
  score: z.number().nullable(),
  /** The standard deviation over its trainings, with n - 1; null of one that has no two of them. */
  sd: z.number().nullable(),
  /** After which epoch it was pruned; null where it was not. */
  epochs: z.int().nullable(),
});
/** One choice of values, and what came of it. */
export type Trial = z.output<typeof trialSchema>;
