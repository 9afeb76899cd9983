import type { LaterEvent, RunEvent } from "../run/journal/schema.ts";

/** What was measured at one moment of a training: a point of some curves. */
export interface CurvePoint {
  /** A batch of training, counted over all epochs from 1; what is measured at the end of an epoch has the step of its last batch. */
  readonly step: number;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** By the name of the curve: `train/loss`, `learning_rate/optimizer`, `validation/auc`, `epoch/loss` … */
  readonly values: readonly (readonly [name: string, value: number])[];
}

/**
 * What a tracker is told at an event; null where there is nothing to draw.
 * @param batches of an epoch.
 */
export function curvePoint(event: RunEvent | LaterEvent, batches: number): CurvePoint | null {
  const { time } = event;
  switch (event.kind) {
    case "batch": {
      const { losses, rates, epoch, batch, seconds } = event;
      const used = Object.entries(rates).flatMap(([name, groups]) =>
        groups.map((rate, i) => [`learning_rate/${name}${groups.length > 1 ? `/group ${i}` : ""}`, rate] as const),
      );
      const values = [...named("train", losses), ...used, ["time/seconds per batch", seconds] as const];
      return { step: (epoch - 1) * batches + batch, time, values };
    }
    case "metrics":
      return { step: event.epoch * batches, time, values: named("validation", event.values) };
    case "epoch": {
      const values = [...named("epoch", event.losses), ["time/seconds per epoch", event.seconds] as const];
      return { step: event.epoch * batches, time, values };
    }
    case "start":
    case "resume":
    case "validation":
    case "model":
    case "checkpoint":
    case "warning":
    case "interruption":
    case "error":
    case "end":
    case "evaluation":
    case "evaluated":
    case "later":
      return null;
  }
}

function named(group: string, values: Readonly<Record<string, number>>): (readonly [string, number])[] {
  return Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]);
}
