import type { Batch } from "../../data/dataloader/index.ts";
import type { World } from "../../run/index.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import type { ClassOutput } from "./class-outputs.ts";

/** What one output gave for a sample. */
interface Sample {
  readonly participantId: string;
  readonly logits: readonly number[];
  readonly label: number;
}

/** The logits of one output, and the classes, of all samples that have one. */
export class CollectedLogits {
  readonly output: ClassOutput;
  #samples: Sample[] = [];

  constructor(output: ClassOutput) {
    this.output = output;
  }

  get logits(): readonly (readonly number[])[] {
    return this.#samples.map(({ logits }) => logits);
  }
  /** Indices of classes; of one column 0 or 1. */
  get labels(): readonly number[] {
    return this.#samples.map(({ label }) => label);
  }
  get nParticipants(): number {
    return new Set(this.#samples.map(({ participantId }) => participantId)).size;
  }

  /** Takes what all processes have, each of its part of the data, in the order of the data. */
  async gather(world: World): Promise<void> {
    if (world.size > 1) this.#samples = (await world.gather(this.#samples)).flat();
  }

  /**
   * Takes the samples of a batch that went through the model. Those whose label the loss ignores are left out.
   * @throws ConfigError for outputs that are no logits of classes; DataFrameError naming participants without a finite output, or
   * with a label that is no class.
   */
  add(batch: Batch): void {
    const { field, labelKey, activation, ignored } = this.output;
    using _scope = torch.scope();
    const logits = batch.getField(field, { ensureChannelDim: true, dtype: "float32" });
    const labels = batch.getField(labelKey, { ensureChannelDim: true });
    const [, columns = 1] = logits.shape;
    checkShape(this.output, logits.shape);
    const rows = rowsOf(logits);
    rowsOf(labels).forEach((label, i) => {
      const { participantId = "", sessionId = "" } = batch.participants[i] ?? {};
      const who = `(${participantId}, ${sessionId})`;
      const row = rows[i] ?? [];
      const index = label.length === 1 ? label[0] : hotIndex(label);
      if (index !== undefined && index === ignored) return;
      const classes = activation === "sigmoid" ? 2 : columns;
      if (index === undefined || !Number.isInteger(index) || index < 0 || index >= classes) {
        throw new DataFrameError(
          `calibrate: ${who}: '${labelKey}' is ${label.join(", ")}, in the validation data. Expected the index of a class, 0 to ${classes - 1}, or one column per class with 0 and one 1.`,
        );
      }
      if (!row.every(Number.isFinite)) {
        throw new DataFrameError(
          `calibrate: ${who}: '${field}' is ${row.join(", ")}, in the validation data. Look at this image, and at what the network makes of it.`,
        );
      }
      this.#samples.push({ participantId, logits: row, label: index });
    });
  }
}

function checkShape({ field, activation }: ClassOutput, shape: readonly number[]): void {
  const [, columns = 1] = shape;
  const fits = shape.length === 2 && (activation === "sigmoid" ? columns === 1 : columns > 1);
  if (fits) return;
  const wanted =
    activation === "sigmoid"
      ? "(N, 1): several labels that do not exclude each other, and images, are fitted one by one, by fitTemperature and youdenThreshold of clinicadl/metrics"
      : "(N, C), a logit for each of two classes or more";
  throw new ConfigError(`calibrate: '${field}' has the shape (${shape.join(", ")}). Expected ${wanted}.`);
}

function rowsOf(values: torch.Tensor): number[][] {
  const flat = values.flatten(1).to({ device: "cpu", dtype: "float64" });
  const columns = flat.shape[1] ?? 1;
  const numbers = Array.from(flat.contiguous().toTypedArray(), Number);
  return Array.from({ length: flat.shape[0] ?? 0 }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
}

/** Where the 1 is, in a row of zeros with one 1. */
function hotIndex(row: readonly number[]): number | undefined {
  const isHot = row.every((value) => value === 0 || value === 1) && row.filter((value) => value === 1).length === 1;
  return isHot ? row.indexOf(1) : undefined;
}
