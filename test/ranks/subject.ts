/**
 * One of the processes that the harness starts together: `node subject.ts <options as JSON>`. A small training with all that has to go
 * on exactly: order of samples, dropout, batch normalisation, momentum, a schedule, early stopping, and checkpoints within epochs.
 */
import process from "node:process";
import { type PointsOptions, watchPoints } from "./points.ts";

export interface SubjectOptions extends PointsOptions {
  readonly maps: string;
  /** Default 2. */
  readonly batchSize?: number;
}

const { maps, batchSize, ...options } = JSON.parse(process.argv[2] ?? "") as SubjectOptions;
const point = watchPoints(options);
// events are written when a second has passed: how often that is would be chance
const startedAt = Date.now();
Date.now = () => startedAt;

// the engine is loaded when the points are watched
const { goOn } = await import("./training.ts");
point("start");
await goOn(maps, point, batchSize);
