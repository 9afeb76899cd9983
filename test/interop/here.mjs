// Does what run.mjs asks of this library, in a process of its own; there.py does the same with the original.
//
// usage: here.mjs JOBS RESULTS
//   JOBS: a JSON list of { id, job, … } as in `JOBS` below; RESULTS: where what came out is written, by id:
//   {} or, for a job that failed, { error, trace }.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { DataLoader } from "clinicadl/data/dataloader";
import { BidsDataset } from "clinicadl/data/datasets";
import { BidsFileType } from "clinicadl/io/bids";
import { OptimizationConfig } from "clinicadl/optim";
import { KFold } from "clinicadl/split";
import * as torch from "clinicadl/torch";
import { ComputationalConfig, Trainer } from "clinicadl/train";
import { TransformsHandler, ZNormalizationConfig } from "clinicadl/transforms";
import { freePort } from "../../src/torch/distributed/fixtures/free-port.ts";
import { CONFIGURATIONS } from "./configurations.mjs";

const BATCH = 2;

class Interruption extends Error {}

/** @param whole whether without the extraction of parts of images that there may be in training. */
function datasetOf({ columns, augmentations = [], extraction = undefined }, bids, whole = false) {
  return new BidsDataset({
    bids,
    fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
    data: join(bids, "metadata.tsv"),
    columns,
    transforms: new TransformsHandler({
      imageTransforms: [new ZNormalizationConfig()],
      augmentations,
      ...(whole || extraction === undefined ? {} : { extraction }),
    }),
  });
}

/** Saves the weights before the first step, and stops before step number `stop`. */
function watch(model, { initial, stop }) {
  const forwardStep = model.forwardStep.bind(model);
  let steps = 0;
  const value = (batch) => {
    if (steps === 0 && initial !== undefined) torch.save(model.stateDict(), initial);
    if (steps++ === stop) throw new Interruption("stopped on purpose");
    return forwardStep(batch);
  };
  Object.defineProperty(model, "forwardStep", { value, enumerable: false });
}

/** Trains in several processes, each of which holds its part of the weights, and has its part of each batch. */
async function trainShared({ processes, ...options }) {
  const place = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: String(await freePort()), GLOO_SOCKET_IFNAME: "lo" };
  const ended = Array.from({ length: processes }, async (_, rank) => {
    const jobs = join(dirname(options.maps), `rank-${rank}.json`);
    writeFileSync(jobs, JSON.stringify([{ id: 0, job: "train", ...options, size: processes }]));
    const env = { ...process.env, ...place, RANK: String(rank), WORLD_SIZE: String(processes) };
    const child = spawn(process.execPath, [import.meta.filename, jobs, `${jobs}.out`], {
      env,
      stdio: ["ignore", 2, 2],
    });
    await once(child, "close");
    const { 0: outcome } = JSON.parse(readFileSync(`${jobs}.out`, "utf8"));
    if (outcome.error !== undefined) throw new Error(`rank ${rank}: ${outcome.error}`);
  });
  await Promise.all(ended);
}

/** @param size how many processes train together. */
async function train({ configuration, maps, bids, folds, initial, stop, size = 1 }) {
  const { model, metrics, callbacks, epochs, splits, shuffle = false, ...rest } = CONFIGURATIONS[configuration]();
  watch(model, { initial, stop });
  const trainer = new Trainer({
    maps,
    model,
    metrics,
    optimization: new OptimizationConfig({ numEpochs: epochs }),
    callbacks,
  });
  const { channelsLast = true } = rest;
  const computational = new ComputationalConfig({
    gpu: false,
    amp: false,
    seed: 42,
    deterministic: true,
    channelsLast,
    fullyShardedDataParallel: size > 1,
  });
  for (const split of new KFold(folds).getSplits(datasetOf(rest, bids), {
    splits,
    evalDataset: datasetOf(rest, bids, true),
  })) {
    split.buildTrainLoader({ batchSize: BATCH / size, shuffle });
    split.buildValLoader({ batchSize: BATCH });
    try {
      await trainer.train(split, { computational });
      if (stop !== undefined) throw new Error("the training came to its end before it was to be interrupted");
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
    }
  }
  trainer.dispose();
}

async function validate({ maps }) {
  const trainer = await Trainer.fromMaps(maps);
  for (const splitIdx of trainer.maps.training.splitsList) {
    await trainer.validate({ splitIdx, metrics: trainer.metrics.metricNames });
  }
  trainer.dispose();
}

/** Each test has `participants`, a TSV of who is in the group; without it, the group is read from the MAPS. */
async function test({ maps, configuration, bids, tests }) {
  const trainer = await Trainer.fromMaps(maps);
  const computational = new ComputationalConfig({ gpu: false, amp: false });
  for (const { checkpoint, group, participants } of tests) {
    const options = { modelCheckpoint: checkpoint, groupName: group, computational };
    if (participants !== undefined) {
      const dataset = datasetOf(CONFIGURATIONS[configuration](), bids, true).subset(participants);
      options.dataloader = new DataLoader(dataset, { batchSize: BATCH, shuffle: false });
    }
    await trainer.test(options);
  }
  trainer.dispose();
}

async function resume({ maps }) {
  const trainer = await Trainer.fromMaps(maps);
  await trainer.resume({ splitIdx: 0 });
  trainer.dispose();
}

const JOBS = { train, trainShared, validate, test, resume };

const [jobs, results] = process.argv.slice(2);
const found = {};
for (const { id, job, ...options } of JSON.parse(readFileSync(jobs, "utf8"))) {
  try {
    await JOBS[job](options);
    found[id] = {};
  } catch (error) {
    found[id] = { error: `${error.name}: ${error.message}`, trace: error.stack };
  }
}
writeFileSync(results, JSON.stringify(found));
await torch.distributed.destroyProcessGroup();
