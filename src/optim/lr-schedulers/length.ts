/** How long a training is, for schedulers whose length is left to it: it differs from split to split. */
import { z } from "zod";
import { ConfigError } from "../../utils/exceptions.ts";

export interface TrainingLength {
  readonly epochs: number;
  /** Optimization steps in all. */
  readonly steps: number;
}

/** A number of epochs or steps, or all of the training. */
export const wholeTraining = z.union(
  [z.int().positive(), z.literal("training")],
  "Expected a positive integer, or 'training'",
);

/** Whether a scheduler moves after each epoch ("epoch", default) or each optimization step ("step"), and its lengths are in these. */
export const interval = z.enum(["epoch", "step"]).default("epoch");

/**
 * How many epochs or steps a scheduler has: those that its option says, else all of the training.
 * @param what the option, for messages.
 * @throws ConfigError when it is "training", whose length is not known.
 */
export function counted(
  what: string,
  given: number | "training",
  { interval, length }: { readonly interval: "epoch" | "step"; readonly length: TrainingLength | null },
): number {
  if (given !== "training") return given;
  if (length !== null) return interval === "step" ? length.steps : length.epochs;
  throw new ConfigError(`${what} is 'training', of which the length is not known here. Give a number.`);
}
