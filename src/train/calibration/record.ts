/** `calibration.json` beside the weights that it belongs to. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { readJson, writeJson } from "../../io/files/index.ts";
import type { ModelDir } from "../../io/maps/index.ts";
import { parseWith } from "../../utils/config.ts";
import { CannotReadJsonError, ClinicaDLException, ConfigError } from "../../utils/exceptions.ts";

const count = z.int().positive();
const share = z.number().min(0).max(1);

const output = z.strictObject({
  label_key: z.string(),
  activation: z.enum(["sigmoid", "softmax"]),
  temperature: z.number().positive().nullable(),
  threshold: share.nullable(),
  sensitivity: share.nullable(),
  specificity: share.nullable(),
  n_samples: count,
  n_participants: count,
});
const schema = z.strictObject({ outputs: z.record(z.string(), output) });

/** What was fitted for one output of a model, on the validation data of its split. */
export interface OutputCalibration {
  /** The column of the data that it predicts. */
  readonly labelKey: string;
  /** What makes probabilities of its logits. */
  readonly activation: "sigmoid" | "softmax";
  /** By what logits are divided; null: they are left as they are. */
  readonly temperature: number | null;
  /** From which probability of label 1 on, after the temperature, the decision is 1; null: none was chosen. */
  readonly threshold: number | null;
  /** On the validation data, with that threshold; too good, since it was chosen for them. */
  readonly sensitivity: number | null;
  readonly specificity: number | null;
  readonly nSamples: number;
  readonly nParticipants: number;
}

/** What was fitted for a saved model: of each output by its field, `output` where there is one. */
export type Calibration = Readonly<Record<string, OutputCalibration>>;

/** Writes it whole, in place of one that is there. */
export function writeCalibration(path: string, calibration: Calibration): void {
  const outputs = Object.entries(calibration).map(([field, one]) => [
    field,
    {
      label_key: one.labelKey,
      activation: one.activation,
      temperature: one.temperature,
      threshold: one.threshold,
      sensitivity: one.sensitivity,
      specificity: one.specificity,
      n_samples: one.nSamples,
      n_participants: one.nParticipants,
    },
  ]);
  writeJson(path, { outputs: Object.fromEntries(outputs) }, { overwrite: true });
}

/**
 * The calibration of a saved model; null where it has none.
 * @throws CannotReadJsonError naming what is wrong in the file.
 */
export function readCalibration({ calibrationJson }: Pick<ModelDir, "calibrationJson">): Calibration | null {
  if (!existsSync(calibrationJson)) return null;
  const { outputs } = parsed(calibrationJson);
  return Object.fromEntries(
    Object.entries(outputs).map(([field, one]) => [
      field,
      {
        labelKey: one.label_key,
        activation: one.activation,
        temperature: one.temperature,
        threshold: one.threshold,
        sensitivity: one.sensitivity,
        specificity: one.specificity,
        nSamples: one.n_samples,
        nParticipants: one.n_participants,
      },
    ]),
  );
}

function parsed(path: string): z.output<typeof schema> {
  const value = readJson(path);
  try {
    return parseWith(schema, value, path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CannotReadJsonError(`${error.message} Calibrate the model again, which replaces the file.`, {
      cause: error,
    });
  }
}

/**
 * The calibration of a saved model that is to be applied.
 * @param checkpoint how messages name it: `split-0_final`.
 * @throws ClinicaDLException where it has none.
 */
export function requireCalibration(what: string, dir: ModelDir, checkpoint: string): Calibration {
  const calibration = readCalibration(dir);
  if (calibration !== null) return calibration;
  const [split = "", ...name] = checkpoint.split("_");
  throw new ClinicaDLException(
    `${what}: 'calibrated' is true, but '${checkpoint}' was not calibrated: there is no ${dir.calibrationJson}. Do that first, on the validation data of its split: trainer.calibrate({ splitIdx: ${split.replace("split-", "")}, modelCheckpoint: "${name.join("_")}" }), or npx clinicadl calibrate.`,
  );
}
