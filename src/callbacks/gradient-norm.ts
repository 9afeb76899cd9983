import { asRecord, BatchRecords, Callback, type EventArgs, LiveTable } from "../run/index.ts";
import * as torch from "../torch/index.ts";

/**
 * Records the norm of the gradient at every optimization step, unscaled and before it was clipped:
 * `logs/gradient_norm.tsv`, brought up to date after every epoch.
 */
export class GradientNormCallback extends Callback {
  override get stateIsOptional(): boolean {
    return true;
  }
  #records = new BatchRecords(1);
  #table: LiveTable | null = null;

  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ maps, split }: EventArgs<"onTrainStart">): void {
    this.#records = new BatchRecords(1);
    this.#table = new LiveTable(maps.training.split(split.index).gradientNormTsv, ["gradient_norm"]);
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onOptimizationStepEnd({ state, gradNorm }: EventArgs<"onOptimizationStepEnd">): void {
    this.#records.add(state.currentEpoch, state.currentTrainBatch, [gradNorm]);
  }
  override onEpochEnd(): void {
    this.#table?.update(this.#records);
  }
  override onTrainEnd(): void {
    this.#table?.finish(this.#records);
  }

  override stateDict(): unknown {
    const records = this.#records;
    const column = (at: (i: number) => number) =>
      torch.tensor(
        Float64Array.from({ length: records.length }, (_, i) => at(i)),
        { dtype: "float64" },
      );
    return {
      epoch: column((i) => records.epoch(i)),
      batch: column((i) => records.batch(i)),
      gradient_norm: column((i) => records.value(i, 0)),
    };
  }
  override loadStateDict(state: unknown): void {
    const columns = asRecord(state, "the state of GradientNormCallback");
    const [epochs = [], batches = [], norms = []] = ["epoch", "batch", "gradient_norm"].map((name) =>
      Array.from((columns[name] as torch.Tensor).toTypedArray(), Number),
    );
    this.#records = new BatchRecords(1);
    for (const [i, norm] of norms.entries()) this.#records.add(epochs[i] ?? 0, batches[i] ?? 0, [norm]);
  }
}
