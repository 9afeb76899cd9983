import { spawnSync } from "node:child_process";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { say } from "../utils/output.ts";
import { hangupIgnored } from "./hangup.ts";
import type { Interruption, InterruptionSignal } from "./interruption.ts";
import type { RunLog } from "./log.ts";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const satisfies InterruptionSignal[];

/**
 * The same signal within this time is taken for one: a launcher (`srun`, `npx`) passes on a signal that the terminal has
 * already sent to the whole group, so that it arrives twice.
 */
const REPEATED_MS = 150;

/** What a shell makes of a process that a signal ended. */
const EXIT_CODES: Readonly<Record<InterruptionSignal, number>> = {
  SIGTERM: 143,
  SIGINT: 130,
  SIGHUP: 129,
  SIGUSR1: 138,
};

/** What `train` and `resume` do when the process gets SIGTERM, SIGINT (Ctrl-C), SIGHUP (the terminal closes) or SIGUSR1. */
export interface SignalOptions {
  /**
   * Whether the process ends when the checkpoint is written; otherwise `train` throws {@link TrainingInterrupted}.
   * Default true.
   */
  readonly exit?: boolean;
  /** Exit codes that are not 143, 130, 129 and 138. */
  readonly exitCodes?: Readonly<Partial<Record<InterruptionSignal, number>>>;
  /**
   * Whether a job of Slurm is queued again (`scontrol requeue`) after SIGUSR1, which Slurm sends ahead of the time limit if
   * told to (`#SBATCH --signal=USR1@300`). Not after SIGTERM, which `scancel` sends, too. Default false.
   */
  readonly requeue?: boolean;
}

/**
 * A signal ended the training, after the step that was in hand; it can be resumed.
 * @example
 * ```ts
 * const trainer = new Trainer({ maps: "interrupted", model, optimization: { numEpochs: 1 } });
 * try {
 *   await trainer.train(split);
 * } catch (error) {
 *   if (!(error instanceof TrainingInterrupted)) throw error;
 *   console.log(`${error.signal}: in the next job, trainer.resume({ splitIdx: ${split.index} })`);
 * }
 * ```
 */
export class TrainingInterrupted extends ClinicaDLException {
  readonly signal: InterruptionSignal;
  constructor(signal: InterruptionSignal) {
    super(`${signal}: the training was interrupted. Go on with trainer.resume({ splitIdx }).`);
    this.signal = signal;
  }
}

/**
 * Listens for signals while a training runs. The first one asks it to end after the step in hand; the second one ends the
 * process at once; but a terminal that closes may say so several times, and a program started with `nohup` does not hear it.
 */
export class Interrupter implements Interruption, Disposable {
  /** What the run ends for: what was heard, or, of several processes, what one of them has heard and all agreed on. */
  signal: InterruptionSignal | null = null;
  /** What this process has heard. */
  heard: InterruptionSignal | null = null;
  readonly #agrees: boolean;
  #heardAt = 0;
  readonly #options: SignalOptions;
  readonly #listeners: (readonly [InterruptionSignal, () => void])[];

  /**
   * @param options false: signals are left alone.
   * @param agrees whether several processes end together, when they have told each other what was heard.
   */
  constructor(options: SignalOptions | false, { agrees = false }: { readonly agrees?: boolean } = {}) {
    this.#agrees = agrees;
    this.#options = options === false ? {} : options;
    const heard = options === false ? [] : SIGNALS;
    const deaf = hangupIgnored();
    this.#listeners = heard.map((signal) => {
      // Node would end at a hang-up that it was told to ignore, if nobody listened
      return [signal, signal === "SIGHUP" && deaf ? () => {} : () => this.#hear(signal)] as const;
    });
    for (const [signal, listener] of this.#listeners) process.on(signal, listener);
  }

  #hear(signal: InterruptionSignal): void {
    if (this.heard !== null) {
      if (signal === "SIGHUP") return;
      // a launcher passes on what the whole group got: the same signal, at once
      if (performance.now() - this.#heardAt > REPEATED_MS) process.exit(this.exitCode);
      return;
    }
    this.heard = signal;
    if (!this.#agrees) this.signal = signal;
    this.#heardAt = performance.now();
    const again = signal === "SIGHUP" ? "SIGTERM" : "once more";
    say(`\n${signal}: the training ends after this step, with a checkpoint; ${again} ends the process at once.`);
    // soon the system itself ends the process, even in the middle of a long operation; SIGUSR1 would start a debugger
    const leave = () => {
      for (const [name, listener] of this.#listeners) {
        if (name !== "SIGUSR1" && name !== "SIGHUP") process.off(name, listener);
      }
    };
    setTimeout(leave, REPEATED_MS).unref();
  }

  /** @throws TrainingInterrupted if the run was asked to end. */
  check(): void {
    if (this.signal !== null) throw new TrainingInterrupted(this.signal);
  }

  get exitCode(): number {
    const signal = this.signal ?? this.heard;
    return signal === null ? 0 : (this.#options.exitCodes?.[signal] ?? EXIT_CODES[signal]);
  }

  /** When all is written: says how to go on, and ends the process if it is to end. */
  finish(command: string, log: RunLog): void {
    if (this.signal === null) return;
    say(`To go on: ${command}`);
    if (this.#options.requeue === true && this.signal === "SIGUSR1") requeue(log);
    this.end();
  }

  /** Ends the process if it is to end. */
  end(): void {
    if (this.signal !== null && (this.#options.exit ?? true)) process.exit(this.exitCode);
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }
}

function requeue(log: RunLog): void {
  const job = process.env.SLURM_JOB_ID;
  if (job === undefined || job === "") {
    log.warning("The job is not queued again: SLURM_JOB_ID is not set, so this is not a job of Slurm.");
    return;
  }
  const { status, stderr, error } = spawnSync("scontrol", ["requeue", job], { encoding: "utf8" });
  if (status === 0) say(`Slurm queues the job ${job} again.`);
  else log.warning(`The job ${job} is not queued again: scontrol requeue said ${error?.message ?? stderr.trim()}.`);
}

/** Lets the event loop turn: without it, a training on one thread would never hear a signal. */
export function nextTurn(): Promise<void> {
  return setImmediate();
}
