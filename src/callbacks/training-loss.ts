import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { writeTsv } from "../io/tsv/index.ts";
import * as torch from "../torch/index.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";
import { asRecord } from "./quantity-monitoring.ts";

/** Records the losses of every training batch, and writes them when training ends: `logs/training_loss.tsv`. */
export class TrainingLossCallback extends Callback {
  #names: readonly string[] = [];
  #rows: { readonly epoch: number; readonly batch: number; readonly losses: Readonly<Record<string, number>> }[] = [];

  override onTrainStart({ model }: EventArgs<"onTrainStart">): void {
    this.#names = Object.keys(model.getLossFunctions());
    this.#rows = [];
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onBatchEnd({ state, losses }: EventArgs<"onBatchEnd">): void {
    if (losses === null) return;
    this.#rows.push({ epoch: state.currentEpoch, batch: state.currentTrainBatch, losses });
  }
  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    const { trainingLossTsv } = maps.training.split(state.splitIdx ?? 0);
    mkdirSync(dirname(trainingLossTsv), { recursive: true });
    const rows = this.#rows.map(({ losses }) =>
      Object.fromEntries(this.#names.map((name) => [name, losses[name] ?? Number.NaN])),
    );
    writeTsv(trainingLossTsv, rows, this.#names, { floats: this.#names });
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
