/**
 * Where a callback stands among the others, whatever its place in the list that was passed:
 *
 * - `frame`: around all others (the logger, which opens the log and closes it);
 * - `observe`: looks on, and measures;
 * - `change`: puts something in place of what is there, such as averaged weights for a validation, and takes it away again;
 * - `record`: all else: keeps models and numbers, moves learning rates, asks to stop;
 * - `checkpoint`: writes down the run itself, with what all others have done.
 */
export type Phase = "frame" | "observe" | "change" | "record" | "checkpoint";

const FORWARDS: readonly Phase[] = ["frame", "observe", "change", "record", "checkpoint"];

/**
 * Where something ends, who records sees what was changed, and it is put back before the checkpoint. Who observes comes
 * first: clocks stop before others write files.
 */
const BACKWARDS: readonly Phase[] = ["observe", "record", "change", "checkpoint", "frame"];

/** What is changed when a training ends is to stay, and is recorded. */
const AT_THE_END: readonly Phase[] = ["observe", "change", "record", "checkpoint", "frame"];

/**
 * Callbacks in the order in which they are told of an event: by phases, and within a phase as they are listed. Those that put
 * something back do it in the opposite order, since the last one has put its own in the place of what the first one had put there.
 */
export function inPhases<T extends { readonly phase: Phase }>(event: string, callbacks: readonly T[]): T[] {
  const starts = event.endsWith("Start") || event.endsWith("Init") || event === "onResume";
  const nested = !starts && event !== "onTrainEnd";
  const phases = starts ? FORWARDS : nested ? BACKWARDS : AT_THE_END;
  return phases.flatMap((phase) => {
    const inPhase = callbacks.filter((callback) => callback.phase === phase);
    return nested && phase === "change" ? inPhase.reverse() : inPhase;
  });
}
