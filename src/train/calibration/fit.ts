import { type DataLoader, disposeBatch } from "../../data/dataloader/index.ts";
import { fitTemperature, MetricsHandler, withTemperature, youdenThreshold } from "../../metrics/index.ts";
import { checkValidation, disposeOutput, eachItsShare, nextTurn, toDevice, together } from "../../run/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { refuseUnknown } from "../../utils/options.ts";
import { checkSameData } from "../alike.ts";
import type { RunContext } from "../context.ts";
import { evaluationRun, loadWeights, share } from "../evaluation.ts";
import { infer } from "../infer.ts";
import type { CalibrateOptions } from "../options.ts";
import { checkTrained, recordedComputational } from "../recorded.ts";
import { restoreDataLoader } from "../restore.ts";
import { runSeeded, type TrainerParts } from "../trainer-parts.ts";
import { type ClassOutput, classOutputsOf } from "./class-outputs.ts";
import { CollectedLogits } from "./collect.ts";
import { type Calibration, type OutputCalibration, writeCalibration } from "./record.ts";

/** What is fitted; null: a threshold where an output has one column. */
interface Wanted {
  readonly temperature: boolean;
  readonly threshold: boolean | null;
}

/** `Trainer.calibrate`. */
export async function calibrate(
  parts: TrainerParts,
  options: CalibrateOptions,
): Promise<Readonly<Record<string, Calibration>>> {
  const { splitIdx, modelCheckpoint, dataloader, temperature = true, threshold = null, ...others } = options;
  const { computational: changes, ...rest } = others;
  refuseUnknown("calibrate", rest);
  if (!temperature && threshold === false) {
    throw new ConfigError("calibrate: 'temperature' and 'threshold' are both false. Fit one of them, or both.");
  }
  const { maps, model, state, world, bids } = parts;
  using held = new DisposableStack();
  const ready = await together(world, () => {
    held.use(maps.use());
    checkTrained(maps, splitIdx);
    // nobody trains on it, or deletes it: the calibration and the weights stay together
    held.use(maps.training.lockSplit(splitIdx, { shared: true }));
    const computational = recordedComputational(maps, splitIdx, changes);
    const { models } = maps.training.split(splitIdx);
    const checkpoints = modelCheckpoint === undefined ? models.list : [modelCheckpoint];
    for (const name of checkpoints) maps.training.getCheckpointDir(`split-${splitIdx}_${name}`);
    const outputs = classOutputsOf(model);
    const loader = dataloader ?? restoreDataLoader(maps, maps.training.data.validation(splitIdx), bids);
    checkValidation(maps, { dataloader: loader, splitIdx }, world.size);
    return { computational, models, checkpoints, outputs, loader };
  });
  const { computational, models, checkpoints, outputs, loader } = ready;
  await checkSameData(world, loader, { checkpoints, temperature, threshold });
  using _share = share(loader, world);
  const found: Record<string, Calibration> = {};
  await runSeeded(parts, computational, [loader], async () => {
    const run = evaluationRun(parts, computational, new MetricsHandler());
    for (const name of checkpoints) {
      const dir = models.getCheckpointDir(name);
      state.resetValidation(splitIdx, loader.length, false);
      loadWeights(model, { loader, modelPt: dir.modelPt }, computational);
      const collected = outputs.map((output) => new CollectedLogits(output));
      await collect(run, loader, collected);
      found[name] = await together(world, () => {
        const fits = collected.map((one) => [one.output.field, fitted(one, { temperature, threshold }, name)]);
        const calibration: Calibration = Object.fromEntries(fits);
        // the others have fitted the same
        if (world.isMain) maps.locked(() => writeCalibration(dir.calibrationJson, calibration));
        return calibration;
      });
    }
  });
  return found;
}

/** Passes all samples through the model: several processes each its part of them, and then each has what all have collected. */
async function collect(run: RunContext, loader: DataLoader, collected: readonly CollectedLogits[]): Promise<void> {
  await eachItsShare(run.world, async (check) => {
    for await (const batch of loader) {
      check();
      let output: unknown = null;
      try {
        await nextTurn();
        toDevice(batch, run.computational);
        const evaluated = infer(run, batch, "evaluationStep");
        output = evaluated;
        for (const one of collected) one.add(evaluated);
      } finally {
        disposeBatch(batch);
        disposeOutput(output);
      }
    }
  });
  for (const one of collected) await one.gather(run.world);
}

function fitted(collected: CollectedLogits, wanted: Wanted, checkpoint: string): OutputCalibration {
  const { output, logits, labels, nParticipants } = collected;
  const where = `calibrate: '${output.field}' of '${checkpoint}' on the validation data (${logits.length} samples of ${nParticipants} participants)`;
  if (logits.length === 0) throw new ConfigError(`${where}: no sample has a label that counts.`);
  const temperature = wanted.temperature ? naming(where, () => fitTemperature(logits, labels)) : null;
  const chosen = choosesThreshold(output, wanted.threshold)
    ? naming(where, () => thresholdOf(logits, labels, temperature))
    : null;
  return {
    labelKey: output.labelKey,
    activation: output.activation,
    temperature,
    threshold: chosen?.threshold ?? null,
    sensitivity: chosen?.sensitivity ?? null,
    specificity: chosen?.specificity ?? null,
    nSamples: logits.length,
    nParticipants,
  };
}

function choosesThreshold({ field, activation }: ClassOutput, wanted: boolean | null): boolean {
  if (activation === "sigmoid") return wanted !== false;
  if (wanted !== true) return false;
  throw new ConfigError(
    `calibrate: 'threshold' is true, and '${field}' has an output for each class: the likeliest is decided, without a threshold. Leave it out.`,
  );
}

function thresholdOf(logits: readonly (readonly number[])[], labels: readonly number[], temperature: number | null) {
  const scores = withTemperature(logits, temperature ?? 1).map(([probability]) => probability ?? Number.NaN);
  const chosen = youdenThreshold(scores, labels);
  const { threshold } = chosen;
  // probabilities are computed as float32, of which one there is more than one logit
  if (Math.fround(threshold) === 1 || Math.fround(threshold) === 0) {
    throw new ConfigError(
      `The threshold is the probability ${threshold}, which float32 does not tell from ${Math.fround(threshold)}: the outputs are far too sure. Let the temperature be fitted, too.`,
    );
  }
  if (Number.isFinite(threshold)) return chosen;
  throw new ConfigError(
    "No threshold is better than to decide by chance: the outputs go against the labels, or say nothing of them. Look at whether the network has learned.",
  );
}

/** Says of which output an error is, and what can be left out. */
function naming<T>(where: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${where}: ${error.message} Or leave this one out: { temperature: false } or { threshold: false }.`,
      { cause: error },
    );
  }
}
