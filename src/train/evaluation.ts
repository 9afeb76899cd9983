import { existsSync, rmSync } from "node:fs";
import type { Batch, DataLoader } from "../data/dataloader/index.ts";
import { checkItemName } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import {
  type ComputationalConfig,
  checkEvaluationFields,
  checkTest,
  checkValidation,
  Interrupter,
  recordTest,
  together,
  type World,
} from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../utils/exceptions.ts";
import { refuseUnknown } from "../utils/options.ts";
import { checkSameData } from "./alike.ts";
import { coolOutputs, withThresholds } from "./calibration/apply.ts";
import { requireCalibration, writeCalibration } from "./calibration/record.ts";
import { type RunContext, tell } from "./context.ts";
import { evaluationLoop } from "./loop.ts";
import { asComputational, type TestOptions, type ValidateOptions } from "./options.ts";
import { placeModel } from "./placement.ts";
import { checkTrained, recordedComputational } from "./recorded.ts";
import { restoreDataLoader } from "./restore.ts";
import { Statistics } from "./statistics.ts";
import { runSeeded, type TrainerParts } from "./trainer-parts.ts";

/** Gives each of the processes that evaluate together its part of the data; afterwards the loader gives all, as before. */
export function share(loader: DataLoader, { rank, size }: World): Disposable {
  loader.setShare({ rank, size, of: "dataset" });
  return { [Symbol.dispose]: () => loader.setShare({ rank: 0, size: 1, of: "dataset" }) };
}

/** Evaluations have nothing to save: a signal just ends them. */
const UNINTERRUPTED = new Interrupter(false);

export function evaluationRun(
  parts: TrainerParts,
  computational: ComputationalConfig,
  metrics: MetricsHandler,
): RunContext {
  const { model, maps, state, callbacks, log, world } = parts;
  return { model, maps, state, callbacks, log, world, computational, metrics, interruption: UNINTERRUPTED };
}

/** Readies a model with saved weights, and a data set, for evaluation. */
export function loadWeights(
  model: Model,
  { loader, modelPt }: { readonly loader: DataLoader; readonly modelPt: string },
  computational: ComputationalConfig,
): void {
  model.eval();
  loader.dataset.eval();
  using _scope = torch.scope();
  model.to({ device: "cpu" });
  model.loadStateDict(torch.load(modelPt) as Map<string, torch.Tensor>);
  placeModel(model, computational);
}

/** `Trainer.validate`. */
export async function validate(parts: TrainerParts, options: ValidateOptions): Promise<void> {
  const { splitIdx, metrics: names, dataloader, modelCheckpoint, computational: changes, ...more } = options;
  const { intervals, groups, ...rest } = more;
  const { maps, model, state, callbacks, world } = parts;
  refuseUnknown("validate", rest);
  if (!Array.isArray(names))
    throw new ConfigError(`validate: 'metrics' got ${show(names)}. Expected names of metrics.`);
  using held = new DisposableStack();
  const ready = await together(world, async () => {
    held.use(maps.use());
    checkTrained(maps, splitIdx);
    // nobody trains on it, or deletes it: the weights and the tables that stand beside them stay together
    held.use(maps.training.lockSplit(splitIdx, { shared: true }));
    const computational = recordedComputational(maps, splitIdx, changes);
    const metrics = parts.metrics.subset(names);
    const { models } = maps.training.split(splitIdx);
    const checkpoints = modelCheckpoint === undefined ? models.list : [modelCheckpoint];
    for (const name of checkpoints) maps.training.getCheckpointDir(`split-${splitIdx}_${name}`);
    const loader = dataloader ?? restoreDataLoader(maps, maps.training.data.validation(splitIdx), parts.bids);
    checkValidation(maps, { dataloader: loader, splitIdx }, world.size);
    await checkEvaluationFields(model, metrics, { dataset: loader.dataset, what: "validation data" });
    const statistics = new Statistics("validate", loader.dataset, { intervals, groups });
    return { computational, metrics, models, checkpoints, loader, statistics };
  });
  const { computational, metrics, models, checkpoints, loader, statistics } = ready;
  await checkSameData(world, loader, { checkpoints, metrics: metrics.toDict() });
  using _share = share(loader, world);
  await runSeeded(parts, computational, [loader], async () => {
    const run = evaluationRun(parts, computational, metrics);
    for (const name of checkpoints) {
      state.resetValidation(splitIdx, loader.length, false);
      metrics.reset({ resetDf: true });
      loadWeights(model, { loader, modelPt: models.getCheckpointDir(name).modelPt }, computational);
      const start = { dataloader: loader, modelCheckpoint: name, metrics, callbacks, computational };
      await tell(run, "onValidateStart", start);
      await evaluationLoop(run, loader, null);
      statistics.write(models.getCheckpointDir(name).validationMetrics, run);
      await tell(run, "onValidateEnd", { metrics });
    }
  });
}

/** `Trainer.test`. */
export async function test(parts: TrainerParts, options: TestOptions): Promise<void> {
  const { modelCheckpoint, groupName, metrics: names, dataloader, computational: given, ...more } = options;
  const { intervals, groups, calibrated = false, ...rest } = more;
  const { maps, model, state, callbacks, world } = parts;
  refuseUnknown("test", rest);
  const computational = asComputational(given);
  using held = new DisposableStack();
  const ready = await together(world, async () => {
    held.use(maps.use());
    checkItemName("The test group", groupName);
    const { splitIdx, checkpoint } = maps.training.readCheckpointName(modelCheckpoint);
    held.use(maps.training.lockSplit(splitIdx, { shared: true }));
    const dir = maps.training.getCheckpointDir(modelCheckpoint);
    const calibration = calibrated ? requireCalibration("test", dir, modelCheckpoint) : null;
    const group = maps.test.group(groupName);
    const results = group.results(splitIdx, checkpoint);
    const checkNew = () => {
      if (!existsSync(results.metrics.aggregatedTsv)) return;
      throw new ClinicaDLException(
        `The checkpoint '${modelCheckpoint}' was tested on the group '${groupName}' already: ${results.path}. Delete that directory to test it again.`,
      );
    };
    checkNew();
    if (dataloader === undefined && !existsSync(group.path)) {
      throw new ConfigError(
        `There is no test group '${groupName}' yet (there are: ${maps.test.groupsList.join(", ") || "none"}). Pass its data: { dataloader }, or --data on the command line.`,
      );
    }
    computational.takeDevice();
    const asked = names === undefined ? parts.metrics : parts.metrics.subset(names);
    const metrics = calibration === null ? asked : withThresholds(asked, calibration);
    const loader = dataloader ?? restoreDataLoader(maps, group, parts.bids);
    checkTest(maps, { dataloader: loader, groupName }, world.size);
    await checkEvaluationFields(model, metrics, { dataset: loader.dataset, what: "test data" });
    const statistics = new Statistics("test", loader.dataset, { intervals, groups });
    const { modelPt } = dir;
    return { splitIdx, checkpoint, modelPt, calibration, results, metrics, loader, statistics, checkNew };
  });
  const { splitIdx, checkpoint, modelPt, calibration, results, metrics, loader, statistics } = ready;
  await checkSameData(world, loader, { modelCheckpoint, groupName, metrics: metrics.toDict() });
  await together(world, () => {
    if (!world.isMain) return;
    held.use(maps.test.lockGroup(groupName, { shared: true }));
    held.use(maps.test.lockResults(groupName, splitIdx, checkpoint));
    // again: another process may have tested it, or described the same group
    ready.checkNew();
    maps.locked(() => {
      checkTest(maps, { dataloader: loader, groupName }, world.size);
      recordTest(maps, groupName, modelCheckpoint, loader, computational);
      if (calibration === null) rmSync(results.calibrationJson, { force: true });
      else writeCalibration(results.calibrationJson, calibration);
    });
  });
  using _share = share(loader, world);
  await runSeeded(parts, computational, [loader], async () => {
    state.resetTest(loader.length);
    metrics.reset({ resetDf: true });
    loadWeights(model, { loader, modelPt }, computational);
    const run = evaluationRun(parts, computational, metrics);
    const start = { dataloader: loader, modelCheckpoint, groupName, metrics, callbacks, computational };
    await tell(run, "onTestStart", start);
    const finish = calibration === null ? undefined : (output: Batch) => coolOutputs(output, calibration);
    await evaluationLoop(run, loader, null, finish);
    statistics.write(results.metrics, run);
    await tell(run, "onTestEnd", { metrics });
  });
}
