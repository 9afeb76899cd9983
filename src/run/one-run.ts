import { ClinicaDLException } from "../utils/exceptions.ts";

/** A run was asked for while another one goes on in this process. */
export class RunInProgressError extends ClinicaDLException {}

/** What a run is called in messages: `train (split 0)`. */
interface Run {
  readonly owner: object;
  readonly name: string;
}

/** Of this process: the log, the random streams of libtorch and the seed belong to the process, not to a Trainer. */
let current: Run | null = null;

/**
 * Says that a run of `owner` goes on, until the guard is disposed.
 * @throws RunInProgressError while another run does, of the same Trainer or of another one in this process.
 */
export function beginRun(owner: object, name: string): Disposable {
  if (current !== null) throw new RunInProgressError(refusal(name, current, owner));
  const run: Run = { owner, name };
  current = run;
  return {
    [Symbol.dispose]: () => {
      if (current === run) current = null;
    },
  };
}

function refusal(name: string, { owner, name: other }: Run, asking: object): string {
  const whose = owner === asking ? "this Trainer" : "another Trainer of this process";
  return (
    `${name}: ${whose} is still busy with ${other}. A process does one run at a time, since its runs share random streams and logs` +
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
