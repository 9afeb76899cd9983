import type { Maps } from "../../io/maps/index.ts";
import { Callback, type EventArgs, type Phase, TrainingInterrupted } from "../../run/index.ts";
import { visible } from "../../utils/visible.ts";
import type { TrackerTask } from "./task.ts";
import { TrackerThread } from "./thread.ts";
import type { RunStatus } from "./tracker.ts";

interface Serving {
  readonly events: string;
  readonly thread: TrackerThread;
  readonly log: EventArgs<"onTrainStart">["log"];
}

/**
 * A callback that keeps the curves of a training somewhere else, too: in a thread of its own, which the training does not wait for.
 * @example
 * ```ts
 * const trackers: readonly TrackerCallback[] = [new TrackioCallback({ project: "ad-vs-cn" }), new MLflowCallback({ timeout: 60 })];
 * console.log(trackers.map(({ title, timeout }) => `${title}: ${timeout} s`)); // → [ 'Trackio: 20 s', 'MLflow: 60 s' ]
 * ```
 */
export abstract class TrackerCallback extends Callback {
  #serving: Serving | null = null;

  /** So long a request may take, and the end of a training waits for what is still to be sent, in seconds. */
  abstract readonly timeout: number;
  /** Of the tracker, in messages. */
  abstract readonly title: string;
  /** What the tracker needs to know of the training of a split. @throws ConfigError when an option is missing. */
  abstract task(maps: Maps, split: number): TrackerTask;

  /** When it is told of the end, the file of events is complete, and the log still open. */
  override get phase(): Phase {
    return "checkpoint";
  }
  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart(args: EventArgs<"onTrainStart">): void {
    const { maps, split, log } = args;
    const events = maps.training.split(split.index).eventsJsonl;
    const onFailure = (why: string): void => {
      log.warning(
        `${this.title} cannot be told: ${visible(why)}. The training goes on, and it is tried again. What is to be sent stays in ${events}.`,
      );
    };
    this.#serving = {
      events,
      log,
      thread: new TrackerThread({ task: this.task(maps, split.index), events }, onFailure),
    };
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override async onTrainEnd(): Promise<void> {
    await this.#end("finished");
  }
  override async onException({ exception }: EventArgs<"onException">): Promise<void> {
    await this.#end(exception instanceof TrainingInterrupted ? "killed" : "failed");
  }

  async #end(status: RunStatus): Promise<void> {
    const serving = this.#serving;
    this.#serving = null;
    if (serving === null) return;
    const { thread, log, events } = serving;
    // what the others have told is to be in the file
    log.journal.flush();
    if (await thread.end(status, this.timeout)) return;
    log.warning(
      `${this.title} did not take all of the training within ${this.timeout} s. It gets the rest when the training goes on; until then it is in ${events}.`,
    );
  }
}
