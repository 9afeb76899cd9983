import {
  Callback,
  type CallbackSequence,
  type EventArgs,
  type Phase,
  ProgressLine,
  type RunLog,
} from "../run/index.ts";
import { LoggerCallback } from "./logger.ts";

/** Shows on standard error how far a run is, unless the LoggerCallback says `progressBar: false`. */
export class ProgressCallback extends Callback {
  readonly #line = new ProgressLine();

  override get phase(): Phase {
    return "frame";
  }
  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ maps, split, callbacks, log }: EventArgs<"onTrainStart">): void {
    this.#show(log, callbacks, maps.training.split(split.index).path);
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onValidateStart({ callbacks, log }: EventArgs<"onValidateStart">): void {
    this.#show(log, callbacks);
  }
  override onTestStart({ callbacks, log }: EventArgs<"onTestStart">): void {
    this.#show(log, callbacks);
  }
  override onPredictStart({ callbacks, log }: EventArgs<"onPredictStart">): void {
    this.#show(log, callbacks);
  }

  #show(log: RunLog, callbacks: CallbackSequence, place = ""): void {
    const logger = callbacks.allCallbacks.find((callback) => callback instanceof LoggerCallback);
    if (logger?.progressBar === false) return;
    this.#line.begin(place);
    log.journal.add(this.#line);
  }
}
