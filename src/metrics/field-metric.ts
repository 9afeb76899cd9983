import type { Batch } from "../data/dataloader/index.ts";
import { type Accepted, refusal, refusedValues, type ValueSource } from "../losses/index.ts";
import type { Tensor } from "../torch/index.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { Metric, type Undefined } from "./metric.ts";
import type { NeededField } from "./needed-field.ts";
import type { Postprocessing } from "./postprocessing.ts";

/** Which fields of a batch are compared, and what is done to them first. */
export interface ComparedFields {
  readonly predKey: string;
  readonly labelKey: string | null;
  readonly postprocessing: Postprocessing;
}

/** Whose values are compared, and under which names they are in the batch. */
export interface Compared {
  /** After postprocessing. */
  readonly batch: Batch;
  readonly pred: ValueSource;
  readonly label: ValueSource;
  /** For each sample, whether its output or its label holds NaN. */
  readonly isNan: readonly boolean[];
}

/** A metric that compares one field of the batch to another. */
export abstract class FieldMetric<T> extends Metric<T> {
  readonly #fields: ComparedFields;
  /** Who has NaN, by field. */
  readonly #nan = new Map<string, Set<string>>();

  constructor(fields: ComparedFields) {
    super();
    this.#fields = fields;
  }

  /** @param label null when the metric has no `labelKey`. */
  protected abstract compare(pred: Tensor, label: Tensor | null, compared: Compared): T[];
  /** Which labels it takes, for what can be checked before the first batch; null: any number. */
  protected acceptedLabels(): Accepted | null {
    return null;
  }
  /** What becomes of samples with NaN in the value over all samples. */
  protected readonly nanConsequence: string = "they are left out of it";

  /** The field of the samples that it compares the output to. */
  override neededFields(): readonly NeededField[] {
    const { labelKey, postprocessing } = this.#fields;
    if (labelKey === null) return [];
    return [{ field: labelKey, by: this.shownName, accepted: postprocessing.isNone ? this.acceptedLabels() : null }];
  }
  /** How messages name it. */
  protected get shownName(): string {
    return this.constructor.name;
  }

  protected override accumulate(batch: Batch): T[] {
    const { predKey, labelKey, postprocessing } = this.#fields;
    // thresholds and the like would turn NaN into a number
    const isNan = this.#findNan(batch, predKey);
    if (labelKey !== null)
      this.#findNan(batch, labelKey).forEach((nan, i) => {
        if (nan) isNan[i] = true;
      });
    const processed = postprocessing.apply(batch);
    const pred = processed.getField(predKey, { ensureChannelDim: true });
    const label = labelKey === null ? null : processed.getField(labelKey, { ensureChannelDim: true });
    const { participants } = batch;
    return this.compare(pred, label, {
      batch: processed,
      pred: { field: predKey, participants },
      label: { field: labelKey ?? "", participants },
      isNan,
    });
  }

  #findNan(batch: Batch, field: string): boolean[] {
    const values = batch.getField(field, { ensureChannelDim: true });
    const { dtype, shape } = values;
    const none = Array.from({ length: shape[0] ?? 0 }, () => false);
    if (!dtype.includes("float")) return none;
    const isNan = values.isnan();
    if (isNan.any().item() === 0) return none;
    const rows = Array.from(isNan.flatten(1).any(1).cpu().toTypedArray(), Boolean);
    const who = this.#nan.get(field) ?? new Set();
    this.#nan.set(field, who);
    batch.participants.forEach(({ participantId, sessionId }, i) => {
      if (rows[i] === true) who.add(`${participantId} ${sessionId}`);
    });
    return rows;
  }

  override whyUndefined(): Undefined[] {
    return [...this.#nan].map(([field, who]) => ({
      cause: `NaN in ${field}`,
      message: `'${field}' is NaN for ${listed([...who])}; ${this.nanConsequence}. Look at these images, and at what the network makes of them`,
    }));
  }
  override reset(): void {
    super.reset();
    this.#nan.clear();
  }
}

/** The first of many names. */
export function listed(names: readonly string[], shown = 10): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  return `${names.slice(0, shown).join(", ")}${more}`;
}

/** Both fields, of the same shape. */
export function sameShape(metric: string, pred: Tensor, label: Tensor | null): Tensor {
  if (label === null) throw new ConfigError(`${metric} compares the output to a label: give it a 'labelKey'.`);
  if (pred.ndim !== label.ndim || pred.shape.some((size, i) => size !== label.shape[i])) {
    throw new ConfigError(
      `${metric}: the output has shape [${pred.shape.join(", ")}] and the label [${label.shape.join(", ")}]. ` +
        "They must have the same shape: use 'postprocessing' (e.g. AsDiscreteConfig with toOnehot) or another 'labelKey'.",
    );
  }
  return label;
}

/** Labels that are 0 or 1. */
export function binaryLabels(by: string): Accepted {
  return {
    by,
    expected: "labels that are 0 or 1 (one column per class)",
    remedy:
      "Code two classes as 0 and 1; make class indices one-hot with postprocessing: [new AsDiscreteConfig({ include: [labelKey], toOnehot: numClasses })].",
    integer: true,
    min: 0,
    max: 1,
    ignored: null,
    nan: true,
  };
}

/**
 * Labels, or outputs, that are indices of classes.
 * @param classes how many there are; null: not known.
 */
export function classIndices(by: string, what: string, classes: number | null, remedy: string): Accepted {
  return {
    by,
    expected: `${what} that are indices of ${classes === null ? "classes" : `${classes} classes: 0 to ${classes - 1}`}`,
    remedy,
    integer: true,
    min: 0,
    max: classes === null ? Number.POSITIVE_INFINITY : classes - 1,
    ignored: null,
    nan: true,
  };
}

/** @throws DataFrameError naming participants and values that are not accepted. */
export function requireLabels(rule: Accepted, label: Tensor, source: ValueSource): void {
  const refused = refusedValues(rule, label);
  if (refused !== null) throw new DataFrameError(refusal(rule, source, refused));
}

/**
 * Of labels with one column per class.
 * @throws DataFrameError naming participants that are of several classes, or of none: the first would be taken for theirs.
 */
export function requireOneClass(by: string, label: Tensor, { field, participants }: ValueSource): void {
  const sums = label.to({ dtype: "float32" }).sum([1]).toNumbers();
  const wrong = sums.flatMap((sum, i) => {
    if (sum === 1 || Number.isNaN(sum)) return [];
    const { participantId = "", sessionId = "" } = participants[i] ?? {};
    return [`(${participantId}, ${sessionId}): ${sum} columns of '${field}' are 1`];
  });
  if (wrong.length === 0) return;
  throw new DataFrameError(
    `${listed(wrong, 5)}. ${by} takes samples that are of one class each. Of labels that may be true together, compute it for each column by itself.`,
  );
}

/** @throws ConfigError naming participants and outputs that are neither 0 nor 1. */
export function requireBinaryOutput(by: string, pred: Tensor, source: ValueSource): void {
  const rule: Accepted = {
    ...binaryLabels(by),
    expected: "outputs that are 0 or 1",
    remedy: `Make them so with postprocessing: [new ActivationsConfig({ include: ["${source.field}"], sigmoid: true }), new AsDiscreteConfig({ include: ["${source.field}"], threshold: 0.5 })], or argmax and toOnehot for several classes.`,
  };
  const refused = refusedValues(rule, pred);
  if (refused !== null) throw new ConfigError(refusal(rule, source, refused));
}
