import type { CurvePoint } from "../curve-point.ts";

/** How a training ended. */
export type RunStatus = "finished" | "failed" | "killed";

/** A place where the curves of a training are kept besides its MAPS: a server, or a database that others read. */
export interface Tracker {
  /** What it is called in messages: `MLflow at http://127.0.0.1:5000`. */
  readonly name: string;
  /** What a curve is called there. */
  keyOf(name: string): string;
  /**
   * Finds the run of this training there, or makes it, and says which step each curve has last, by its name there. It is called before anything is
   * sent, and again after each failure: what was sent may have come or not.
   */
  connect(): Promise<ReadonlyMap<string, number>>;
  /** Adds points to curves; those of one curve come in the order of their steps, each once. */
  send(points: readonly CurvePoint[]): Promise<void>;
  /** Says that the training is over. */
  finish(status: RunStatus): Promise<void>;
}
