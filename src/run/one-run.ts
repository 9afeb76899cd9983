import { ClinicaDLException } from "../utils/exceptions.ts";
import { forgetWarnings } from "../utils/warnings.ts";
import { RunLog } from "./log.ts";

/**
 * A run was asked for while another one goes on in this process.
 * @example
 * ```ts
 * const trainer = new Trainer({ maps: "one-run", model, optimization: { numEpochs: 1 } });
 * const training = trainer.train(split);
 * await trainer.train(split).catch((error: unknown) => console.log(error instanceof RunInProgressError)); // → true
 * await training;
 * ```
 */
export class RunInProgressError extends ClinicaDLException {}

/** The run in hand, until it is disposed. */
export interface CurrentRun extends Disposable {
  readonly owner: object;
  /** What it is called in messages: `train (split 0)`. */
  readonly name: string;
  readonly log: RunLog;
}

/** Of this process: the random streams of libtorch and the seed belong to the process, not to a Trainer. */
let current: CurrentRun | null = null;

/**
 * Says that a run of `owner` goes on, until it is disposed.
 * @throws RunInProgressError while another run does, of the same Trainer or of another one in this process.
 */
export function beginRun(owner: object, name: string): CurrentRun {
  if (current !== null) throw new RunInProgressError(refusal(name, current, owner));
  // what was said once in another run is said in the logs of this one, too
  forgetWarnings();
  const log = new RunLog();
  const run: CurrentRun = {
    owner,
    name,
    log,
    [Symbol.dispose]() {
      if (current === run) current = null;
      log[Symbol.dispose]();
    },
  };
  current = run;
  return run;
}

function refusal(name: string, { owner, name: other }: CurrentRun, asking: object): string {
  const whose = owner === asking ? "this Trainer" : "another Trainer of this process";
  return (
    `${name}: ${whose} is still busy with ${other}. A process does one run at a time, since its runs share random streams` +
    `${owner === asking ? ", and those of a Trainer its model" : ""}. Did you forget 'await' before ${other.split(" ")[0]}(…), or call this from a callback? ` +
    "Await one run after the other; folds run side by side in processes of their own, each with Trainer.open({ maps, model, … })."
  );
}

/** @throws RunInProgressError while a run of `owner` goes on: its tensors are in use. */
export function checkIdle(owner: object, name: string): void {
  if (current?.owner !== owner) return;
  throw new RunInProgressError(
    `${name}: this Trainer is still busy with ${current.name}. Did you forget 'await' before ${current.name.split(" ")[0]}(…)?`,
  );
}
