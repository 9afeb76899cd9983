import type { Tensor } from "../torch/index.ts";
import type { EvaluatedBatch } from "./batch-like.ts";
import { Metric } from "./metric.ts";
import type { Postprocessing } from "./postprocessing.ts";

/** Which fields of a batch are compared, and what is done to them first. */
export interface ComparedFields {
  readonly predKey: string;
  readonly labelKey: string | null;
  readonly postprocessing: Postprocessing;
}

/** A metric that compares one field of the batch to another. */
export abstract class FieldMetric<T> extends Metric<T> {
  readonly #fields: ComparedFields;

  constructor(fields: ComparedFields) {
    super();
    this.#fields = fields;
  }

  /** @param label null when the metric has no `labelKey`. */
  protected abstract compare(pred: Tensor, label: Tensor | null): T[];

  protected override accumulate(batch: EvaluatedBatch): T[] {
    const { predKey, labelKey, postprocessing } = this.#fields;
    const processed = postprocessing.apply(batch);
    const pred = processed.getField(predKey, { ensureChannelDim: true });
    const label = labelKey === null ? null : processed.getField(labelKey, { ensureChannelDim: true });
    return this.compare(pred, label);
  }
}

/** Both fields, of the same shape. */
export function sameShape(metric: string, pred: Tensor, label: Tensor | null): Tensor {
  if (label === null) throw new Error(`${metric} compares the output to a label: give it a 'labelKey'.`);
  if (pred.ndim !== label.ndim || pred.shape.some((size, i) => size !== label.shape[i])) {
    throw new Error(
      `${metric}: the output has shape [${pred.shape.join(", ")}] and the label [${label.shape.join(", ")}]. ` +
        "They must have the same shape: use 'postprocessing' (e.g. AsDiscreteConfig with toOnehot) or another 'labelKey'.",
    );
  }
  return label;
}
