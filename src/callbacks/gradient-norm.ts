import type { Row } from "../io/tsv/index.ts";
import * as torch from "../torch/index.ts";
import { Callback } from "./callback.ts";
import type { EventArgs } from "./events.ts";
import { LiveTable } from "./live-table.ts";
import { asRecord } from "./quantity-monitoring.ts";

const COLUMNS = ["epoch", "batch", "gradient_norm"] as const;

/**
 * Records the norm of the gradient at every optimization step, unscaled and before it was clipped:
 * `logs/gradient_norm.tsv`, brought up to date after every epoch.
 */
export class GradientNormCallback extends Callback {
  #rows: Row[] = [];
  #table: LiveTable | null = null;

  override onTrainStart({ maps, split }: EventArgs<"onTrainStart">): void {
    this.#rows = [];
    this.#table = new LiveTable(maps.training.split(split.index).gradientNormTsv, COLUMNS, ["gradient_norm"]);
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onOptimizationStepEnd({ state, gradNorm }: EventArgs<"onOptimizationStepEnd">): void {
    this.#rows.push({ epoch: state.currentEpoch, batch: state.currentTrainBatch, gradient_norm: gradNorm });
  }
  override onEpochEnd(): void {
    this.#table?.update(this.#rows);
  }
  override onTrainEnd(): void {
    this.#table?.finish(this.#rows);
  }

  override stateDict(): unknown {
    const column = (name: string) =>
      torch.tensor(
        this.#rows.map((row) => Number(row[name])),
        { dtype: "float64" },
      );
    return Object.fromEntries(COLUMNS.map((name) => [name, column(name)]));
  }
  override loadStateDict(state: unknown): void {
    const columns = asRecord(state, "the state of GradientNormCallback");
    const [epochs, batches, norms] = COLUMNS.map((name) =>
      Array.from((columns[name] as torch.Tensor).toTypedArray(), Number),
    );
    this.#rows = (norms ?? []).map((gradient_norm, i) => ({
      epoch: epochs?.[i] ?? 0,
      batch: batches?.[i] ?? 0,
      gradient_norm,
    }));
  }
}
