/** Nested cross-validation: a sweep within each outer fold, whose best trial is tested on participants that had no say in the choice. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { FileLock, Maps } from "../../io/maps/index.ts";
import { makeNestedKFold, NestedKFold } from "../../split/index.ts";
import { Study } from "../../sweep/index.ts";
import { Trainer } from "../../train/index.ts";
import { sayProgress } from "../../utils/output.ts";
import { ExperimentDocument } from "../experiment/document.ts";
import { inPart, loadModules, makeParts, readExperiment } from "../experiment/parts.ts";
import { EXPERIMENT_FILE } from "../experiment/record.ts";
import { type NestedFile, type OuterFile, outerFiles, runsOf } from "./file.ts";
import { outerLoader } from "./outer-loader.ts";
import { runSweep } from "./run.ts";

/** What the participants of an outer fold are called in the MAPS of the trial that is tested on them. */
export const OUTER_TEST = "outer_test";

/**
 * Searches within each outer fold, and tests what was chosen there. Started again, or by several processes, it goes on with what is left.
 * @returns as `runSweep`.
 */
export async function runNested(file: NestedFile, jobs: number): Promise<number> {
  await makeSplits(file);
  for (const outer of outerFiles(file)) {
    sayProgress(`outer fold ${outer.fold}`);
    using study = new Study(outer.study, outer.sweep);
    const ended = await runSweep(outer, study, jobs);
    if (ended !== 0) return ended;
    await testBest(outer, study);
  }
  return 0;
}

/** Makes the folds once, of all who are in the data of the experiment. */
async function makeSplits({ sweep, experiment, study, splits }: NestedFile): Promise<void> {
  // what the file says of splits is not looked at
  const document = new ExperimentDocument(experiment, [`split=${JSON.stringify({ directory: splits })}`]);
  const given = readExperiment(document);
  const before = process.cwd();
  process.chdir(resolve(dirname(experiment), given.baseDir ?? "."));
  try {
    await loadModules(document, given);
    using _held = FileLock.await(join(study, ".splits.lock"), "The folds of the study");
    if (existsSync(splits)) return void new NestedKFold(splits);
    const { data } = given.dataset;
    const table = typeof data === "string" ? data : makeParts(document, given).dataset.df;
    makeNestedKFold(table, {
      ...sweep.nested,
      seed: sweep.nested.seed ?? sweep.seed,
      outputDir: dirname(splits),
    });
  } finally {
    process.chdir(before);
  }
}

/** Tests the models of the best trial on the outer test fold, once no trial is left; one process does it. */
async function testBest(outer: OuterFile, study: Study): Promise<void> {
  const { best } = study;
  if (!study.hasEnded || best === null) return;
  using lock = FileLock.tryAcquire(join(outer.study, ".test.lock"));
  if (lock === null) return;
  for (const { maps } of runsOf(outer, best, study.pathOf(best))) await testModels(outer, maps);
}

/** Tests the model of each inner fold that has not been tested yet. */
async function testModels({ sweep, splits, fold }: OuterFile, path: string): Promise<void> {
  const maps = new Maps(path);
  maps.read();
  const left = maps.training.splitsList.filter((split) => {
    const { metrics } = maps.test.group(OUTER_TEST).results(split, sweep.checkpoint);
    return !existsSync(metrics.aggregatedTsv);
  });
  if (left.length === 0) return;
  const document = new ExperimentDocument(join(path, EXPERIMENT_FILE));
  const experiment = readExperiment(document);
  const before = process.cwd();
  process.chdir(experiment.baseDir ?? path);
  try {
    await loadModules(document, experiment);
    const parts = makeParts(document, experiment);
    const dataloader = inPart(document, ["valLoader"], () =>
      outerLoader(experiment, parts, dirname(dirname(splits)), fold),
    );
    const trainer = await Trainer.fromMaps(path);
    for (const split of left) {
      const modelCheckpoint = `split-${split}_${sweep.checkpoint}`;
      await trainer.test({ modelCheckpoint, groupName: OUTER_TEST, dataloader, computational: parts.computational });
    }
  } finally {
    process.chdir(before);
  }
}
