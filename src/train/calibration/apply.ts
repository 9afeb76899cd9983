import type { Batch } from "../../data/dataloader/index.ts";
import type { MetricConfig, MetricsHandler } from "../../metrics/index.ts";
import * as torch from "../../torch/index.ts";
import { ActivationsConfig, AsDiscreteConfig, PostprocessingHandler } from "../../transforms/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { Calibration, OutputCalibration } from "./record.ts";

/** Divides the logits of a batch by their temperatures, for the metrics of a test. */
export function coolOutputs(batch: Batch, calibration: Calibration): void {
  using _scope = torch.scope();
  for (const [field, { temperature }] of Object.entries(calibration)) {
    if (temperature !== null) batch.addField(field, logitsOf(batch, field).div(temperature));
  }
}

/**
 * Adds to a batch what the calibration makes of each output: its probabilities, in `<output>_probability`, and the class that is
 * decided, in `<output>_decided`. The outputs stay as they are.
 */
export function addDecisions(batch: Batch, calibration: Calibration): void {
  using _scope = torch.scope();
  for (const [field, { activation, temperature, threshold }] of Object.entries(calibration)) {
    const logits = logitsOf(batch, field).div(temperature ?? 1);
    const probabilities = activation === "sigmoid" ? logits.sigmoid() : logits.softmax(1);
    const decided = activation === "sigmoid" ? probabilities.ge(threshold ?? 0.5) : probabilities.argmax(1, true);
    batch.addField(`${field}_probability`, probabilities);
    batch.addField(`${field}_decided`, decided.to({ dtype: "int64" }));
  }
}

function logitsOf(batch: Batch, field: string): torch.Tensor {
  return batch.getField(field, { ensureChannelDim: true, dtype: "float32" });
}

/**
 * The metrics with the thresholds of a calibration in place of those of their postprocessing, where they decide on an output that
 * has one. Others are as they were.
 */
export function withThresholds(metrics: MetricsHandler, calibration: Calibration): MetricsHandler {
  return metrics.changed((config) => thresholded(config, calibration));
}

function thresholded(config: MetricConfig, calibration: Calibration): MetricConfig {
  if (!("predKey" in config) || typeof config.predKey !== "string") return config;
  const field = config.predKey;
  const fitted = Object.hasOwn(calibration, field) ? calibration[field] : undefined;
  if (fitted === undefined || fitted.threshold === null) return config;
  if (!("postprocessing" in config) || !(config.postprocessing instanceof PostprocessingHandler)) return config;
  const changed = replaced(config.postprocessing, field, { ...fitted, threshold: fitted.threshold });
  return changed === null ? config : (config.with?.({ postprocessing: changed }) ?? config);
}

/** @returns null where nothing decides on the field. */
function replaced(
  { transforms }: PostprocessingHandler,
  field: string,
  { threshold }: OutputCalibration & { readonly threshold: number },
): PostprocessingHandler | null {
  let isProbability = false;
  let isChanged = false;
  const now = transforms.map((one) => {
    if (one instanceof ActivationsConfig && concerns(one.include, field)) isProbability = one.sigmoid;
    if (!(one instanceof AsDiscreteConfig) || one.threshold === null || !concerns(one.include, field)) return one;
    isChanged = true;
    // logits are compared with the logit of the threshold
    return one.with({ threshold: isProbability ? threshold : Math.log(threshold / (1 - threshold)) });
  });
  return isChanged ? new PostprocessingHandler({ transforms: now }) : null;
}

function concerns(include: readonly string[] | null | undefined, field: string): boolean {
  return include?.includes(field) === true;
}

/** @throws ConfigError for participants whose validation data the calibration was fitted on. */
export function refuseFittedOn(common: readonly string[], what: string): void {
  if (common.length === 0) return;
  throw new ConfigError(
    `${what}: 'calibrated' is true, and the calibration was fitted on ${common.slice(0, 10).join(", ")}${common.length > 10 ? ` and ${common.length - 10} more` : ""}, who are among the validation data of the split: on them it is better than on others. Leave them out, or predict without it.`,
  );
}
