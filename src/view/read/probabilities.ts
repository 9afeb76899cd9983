import type { Num } from "./numbers.ts";
import type { Task } from "./task.ts";

/** Probabilities of outputs; null where they are none, or one is missing. */
export function probabilitiesOf(outputs: readonly Num[], activation: Task["activation"]): number[] | null {
  const values = outputs.flatMap((output) => output ?? []);
  if (values.length === 0 || values.length < outputs.length) return null;
  switch (activation) {
    case null:
      return null;
    case "identity":
      return values.every((value) => value >= 0 && value <= 1) ? values : null;
    case "sigmoid":
      return values.map((value) => 1 / (1 + Math.exp(-value)));
    case "exp":
      return values.map(Math.exp);
    case "softmax": {
      const greatest = Math.max(...values);
      const powers = values.map((value) => Math.exp(value - greatest));
      const sum = powers.reduce((sum, power) => sum + power, 0);
      return powers.map((power) => power / sum);
    }
  }
}
