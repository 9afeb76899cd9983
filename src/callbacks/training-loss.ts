import { asRecord, BatchRecords, Callback, type EventArgs, LiveTable, WhenRead } from "../run/index.ts";

/**
 * Records the losses of every training batch: `logs/training_loss.tsv`, with the number of the epoch and of the batch,
 * brought up to date after every epoch.
 */
export class TrainingLossCallback extends Callback {
  #names: readonly string[] = [];
  #records = new BatchRecords(0);
  #table: LiveTable | null = null;
  /** A GPU is not waited for at every batch of an accumulation window. */
  readonly #whenRead = new WhenRead();

  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ model, maps, split }: EventArgs<"onTrainStart">): void {
    this.#whenRead.clear();
    this.#names = Object.keys(model.getLossFunctions());
    this.#records = new BatchRecords(this.#names.length);
    this.#table = new LiveTable(maps.training.split(split.index).trainingLossTsv, this.#names);
  }
  override onResume(args: EventArgs<"onResume">): void {
    this.onTrainStart(args);
  }
  override onBatchEnd({ state, losses }: EventArgs<"onBatchEnd">): void {
    if (losses === null) return;
    const { currentEpoch, currentTrainBatch } = state;
    this.#whenRead.add(losses, () => this.#add(currentEpoch, currentTrainBatch, losses));
  }
  #add(epoch: number, batch: number, losses: Readonly<Record<string, number>>): void {
    this.#records.add(
      epoch,
      batch,
      this.#names.map((name) => losses[name] ?? Number.NaN),
    );
  }
  override onEpochEnd(): void {
    this.#whenRead.now();
    this.#table?.update(this.#records);
  }
  override onTrainEnd(): void {
    this.#whenRead.now();
    this.#table?.finish(this.#records);
  }

  /** `{loss: {(epoch, batch): value}}`. */
  override stateDict(): unknown {
    this.#whenRead.now();
    return Object.fromEntries(this.#names.map((name, k) => [name, this.#records.toDict(k)]));
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
    this.#records = new BatchRecords(this.#names.length);
    for (const { epoch, batch, losses } of rows.values()) this.#add(epoch, batch, losses);
  }
}
