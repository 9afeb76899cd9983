/** The signals that end a run after its step: those of batch systems, Ctrl-C, and a terminal or connection that closes. */
export type InterruptionSignal = "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGUSR1";

/** Whether the run was asked to end: it does after the step in hand, when a checkpoint has been written. */
export interface Interruption {
  /** The signal that asked for it, or null. */
  readonly signal: InterruptionSignal | null;
}
