import type { Row } from "../io/tsv/index.ts";
import * as torch from "../torch/index.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";
import { LiveTable } from "./live-table.ts";
import { asRecord } from "./quantity-monitoring.ts";

interface BatchLosses {
  readonly epoch: number;
  readonly batch: number;
  readonly losses: Readonly<Record<string, number>>;
}

/** The columns that say of which batch a row is; no loss may have their names. */
export const BATCH_COLUMNS: readonly string[] = ["epoch", "batch"];

/**
 * Records the losses of every training batch: `logs/training_loss.tsv`, with the number of the epoch and of the batch,
 * brought up to date after every epoch.
 */
export class TrainingLossCallback extends Callback {
  #names: readonly string[] = [];
  #rows: BatchLosses[] = [];
  #table: LiveTable | null = null;

  override onTrainStart({ model, maps, split }: EventArgs<"onTrainStart">): void {
    this.#names = Object.keys(model.getLossFunctions());
    this.#rows = [];
    const { trainingLossTsv } = maps.training.split(split.index);
    this.#table = new LiveTable(trainingLossTsv, [...BATCH_COLUMNS, ...this.#names], this.#names);
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onBatchEnd({ state, losses }: EventArgs<"onBatchEnd">): void {
    if (losses === null) return;
    this.#rows.push({ epoch: state.currentEpoch, batch: state.currentTrainBatch, losses });
  }
  override onEpochEnd(): void {
    this.#table?.update(this.#tableRows());
  }
  override onTrainEnd(): void {
    this.#table?.finish(this.#tableRows());
  }
  #tableRows(): Row[] {
    return this.#rows.map(({ epoch, batch, losses }) => ({ epoch, batch, ...losses }));
  }

  /** `{loss: {(epoch, batch): value}}`. */
  override stateDict(): unknown {
    const column = (name: string) =>
      this.#rows.map(
        ({ epoch, batch, losses }) => [torch.tuple([epoch, batch]), torch.float(losses[name] ?? Number.NaN)] as const,
      );
    return Object.fromEntries(this.#names.map((name) => [name, new Map(column(name))]));
  }
  override loadStateDict(state: unknown): void {
    const columns = asRecord(state, "the state of TrainingLossCallback");
    const rows = new Map<string, { epoch: number; batch: number; losses: Record<string, number> }>();
    for (const [name, column] of Object.entries(columns)) {
      for (const [key, value] of column instanceof Map ? column : []) {
        const [epoch = 0, batch = 0] = key as readonly number[];
        const row = rows.get(`${epoch} ${batch}`) ?? { epoch, batch, losses: {} };
        row.losses[name] = Number(value);
        rows.set(`${epoch} ${batch}`, row);
      }
    }
    this.#rows = [...rows.values()];
  }
}
