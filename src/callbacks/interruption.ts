/** Whether the run was asked to end: it does after the step in hand, when a checkpoint has been written. */
export interface Interruption {
  /** The signal that asked for it, or null. */
  readonly signal: NodeJS.Signals | null;
}
