import { z } from "zod";

/** A row of the study. */
export const trialSchema = z.object({
  number: z.int(),
  values: z.string().transform((text) => z.record(z.string(), z.number()).parse(JSON.parse(text))),
  state: z.enum(["running", "complete", "failed"]),
  score: z.number().nullable(),
});
/** One choice of values, and what came of it. */
export type Trial = z.output<typeof trialSchema>;
