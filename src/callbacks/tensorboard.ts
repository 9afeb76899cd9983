import { join, resolve } from "node:path";
import { z } from "zod";
import { Callback, type EventArgs, type Phase } from "../run/index.ts";
import { type Input, type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";
import { TensorBoardFile } from "./tensorboard/run-file.ts";

const schema = z.strictObject({
  logDir: z.string().min(1).nullable().default(null),
});

/**
 * Writes the losses of every batch, learning rates, times, and the metrics of validations for TensorBoard: `tensorboard --logdir maps`.
 *
 * - `logDir` (null): a folder, in which each split has one of its own, `split-<i>`. Without it they are in the MAPS, in `logs/tensorboard` of each split.
 *
 * A resumed training goes on with its curves; steps that are made again are there once. What cannot be written is a warning, and the training goes on. Nothing
 * of TensorBoard is needed to write the files. ClinicaDL has no such callback.
 * @example
 * ```ts
 * import { readdirSync } from "node:fs";
 *
 * const trainer = new Trainer({ maps: "tensorboard", model, callbacks: [new TensorBoardCallback()], optimization: { numEpochs: 1 } });
 * await trainer.train(split);
 * console.log(readdirSync("tensorboard/training/split-0/logs/tensorboard").length); // → 1
 * ```
 */
export class TensorBoardCallback extends Callback {
  static readonly name_ = "TensorBoardCallback";
  static readonly schema = schema;
  readonly logDir: string | null;

  constructor(options: Input<typeof schema> = {}) {
    super();
    this.logDir = parseWith(schema, options, new.target.name).logDir;
  }

  /** Before it is told what happened. */
  override get phase(): Phase {
    return "frame";
  }
  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ maps, split, log }: EventArgs<"onTrainStart">): void {
    const own = maps.training.split(split.index).tensorboard;
    const folder = this.logDir === null ? own : join(resolve(this.logDir), `split-${split.index}`);
    const told = (error: unknown): void => {
      const why = error instanceof Error ? error.message : String(error);
      log.warning(`Nothing more is written for TensorBoard into ${folder}: ${why}`);
    };
    log.journal.add(new TensorBoardFile(folder, told));
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }

  toDict(): JsonObject {
    return { name_: "TensorBoardCallback", log_dir: this.logDir };
  }
  static fromDict(dict: JsonObject): TensorBoardCallback {
    return TensorBoardCallback.fromOptions(readFields("TensorBoardCallback", dict, ["log_dir"]));
  }
}
