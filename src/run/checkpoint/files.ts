import { hash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeJson } from "../../io/files/index.ts";
import { type CheckpointDir, readState, recordSplit } from "../../io/maps/index.ts";
import { readTsvColumns } from "../../io/tsv/index.ts";
import * as torch from "../../torch/index.ts";
import { show } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import type { FileSum } from "../../utils/file-sum.ts";
import type { EventArgs } from "../events.ts";
import { asRecord } from "./as-record.ts";
import { warnOfOtherBits } from "./same-bits.ts";
import type { RunSnapshot } from "./snapshot.ts";

type Training = EventArgs<"onTrainStart">;

/**
 * What stands in the file of the scaler where mixed precision needs none (bfloat16 on the CPU): ClinicaDL reads a scaler
 * wherever mixed precision is on, and fails without one. These are the values of a new one.
 */
const UNUSED_SCALER = {
  scale: torch.float(65536),
  growth_factor: torch.float(2),
  backoff_factor: torch.float(0.5),
  growth_interval: 2000,
  _growth_tracker: 0,
};

/**
 * Writes a checkpoint: the optimizers and the scaler as they are, and what is in `snapshot`.
 *
 * ClinicaDL reads the rows per sample of all epochs from each checkpoint, so each has them all: a copy of a file that
 * grows, or a link to the one in the checkpoint before.
 * @param last the checkpoint before of this very training, or null.
 * @param known gets the checksums that are known, by path.
 */
export function saveCheckpoint(
  dir: CheckpointDir,
  run: Training,
  { snapshot, last }: { readonly snapshot: RunSnapshot; readonly last: CheckpointDir | null },
  known: Map<string, FileSum>,
): void {
  const { maps, model, gradScaler, metrics, computational, split, log } = run;
  using _scope = torch.scope();
  const save = (path: string, value: unknown) => {
    const sum = torch.saveSummed(value, path);
    if (sum !== null) known.set(path, sum);
  };
  writeJson(dir.stateJson, snapshot.state);
  save(dir.modelPt, snapshot.weights?.copies ?? model.stateDict());
  save(dir.optimizerPt, optimizerStates(run));
  const unused = computational.amp ? UNUSED_SCALER : {};
  save(dir.scalerPt, gradScaler.isEnabled() ? gradScaler.stateDict() : unused);
  mkdirSync(dir.validationMetrics.path);
  const { epoch, batch } = dir.position;
  // in the middle of an epoch, its validation is still to come
  const upTo = batch === null ? epoch : epoch - 1;
  const { aggregatedTsv, detailsTsv } = dir.validationMetrics;
  const details = metrics.save(aggregatedTsv, detailsTsv, { upTo, same: last?.validationMetrics.detailsTsv ?? null });
  mkdirSync(dirname(dir.callbackPt("any")));
  const write = (path: string, bytes: Uint8Array) => {
    naming(path, () => writeFileSync(path, bytes));
    known.set(path, { size: bytes.byteLength, sha256: hash("sha256", bytes) });
  };
  for (const [name, bytes] of snapshot.callbacks) write(dir.callbackPt(name), bytes);
  mkdirSync(dirname(dir.extraPt));
  write(dir.extraPt, snapshot.extra);
  log.journal.flush();
  recordSplit(maps.training.split(split.index), dir, snapshot.events);
  if (details !== null) known.set(detailsTsv, details);
}

/**
 * The states of the optimizers by name, whole; they belong to the open scope. Where they are sharded, all processes call it.
 */
export function optimizerStates({
  optimizers,
  shards,
}: Pick<Training, "optimizers" | "shards">): Record<string, unknown> {
  const states = Object.entries(optimizers).map(
    ([name, optimizer]) => [name, shards?.optimizerStateDict(optimizer) ?? optimizer.stateDict()] as const,
  );
  return Object.fromEntries(states);
}

/** Puts everything back as it was at a checkpoint; the number of epochs stays as it is asked for now. */
export function loadCheckpoint(dir: CheckpointDir, run: Training): void {
  const { model, state, split, optimizers, gradScaler, metrics, callbacks, computational, log, shards } = run;
  const { numEpochs } = state;
  state.loadStateDict(readState(dir, split.index));
  state.numEpochs = numEpochs;

  using _scope = torch.scope();
  model.loadStateDict(torch.load(dir.modelPt) as Map<string, torch.Tensor>);
  const optimizerStates = asRecord(torch.load(dir.optimizerPt), "the state of the optimizers");
  for (const [name, optimizer] of Object.entries(optimizers)) {
    const saved = optimizerStates[name];
    if (saved === undefined) {
      throw new ClinicaDLException(
        `${dir.optimizerPt} does not hold the optimizer '${name}' of the model. Resume with the model that was trained.`,
      );
    }
    const dict = saved as Parameters<typeof optimizer.loadStateDict>[0];
    if (shards === null) optimizer.loadStateDict(dict);
    else shards.loadOptimizerStateDict(optimizer, dict);
  }
  if (gradScaler.isEnabled()) {
    gradScaler.loadStateDict(torch.load(dir.scalerPt) as Parameters<typeof gradScaler.loadStateDict>[0]);
  }
  // before the first evaluation, the table has a header only
  const computed = new Set(readTsvColumns(dir.validationMetrics.aggregatedTsv));
  metrics.removeMetrics(metrics.metricNames.filter((name) => !computed.has(name)));
  metrics.load(dir.validationMetrics.aggregatedTsv, dir.validationMetrics.detailsTsv);
  for (const [name, callback] of callbacks.named()) {
    if (existsSync(dir.callbackPt(name))) callback.loadStateDict(torch.load(dir.callbackPt(name)));
    else if (dir.hasExtra || callback.stateIsOptional !== true)
      log.warning(`The checkpoint holds no state of ${callback.constructor.name}: it begins anew.`);
  }
  if (!restoreRandomStreams(dir, run) && computational.seed !== null) {
    log.warning(
      `The checkpoint ${dir.path} holds no random streams (ClinicaDL in Python wrote it): dropout and the like will not be as in an uninterrupted training.`,
    );
  }
}

function isSeed(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Those of libtorch, and the seed from which the order of the data and their augmentation follow. False where there are none. */
function restoreRandomStreams(dir: CheckpointDir, { split, log }: Training): boolean {
  if (!dir.hasExtra) return false;
  const extra = asRecord(torch.load(dir.extraPt), "what this package adds to it");
  const { random, loader_seed } = extra;
  for (const [device, state] of Object.entries(asRecord(random, "the state of the random streams"))) {
    const present = device === "cpu" || Number(device.split(":")[1]) < torch.cuda.deviceCount();
    if (present) torch.random.setState(state as torch.Tensor, device);
  }
  if (!isSeed(loader_seed)) {
    throw new ClinicaDLException(
      `${dir.extraPt}: 'loader_seed' is ${show(loader_seed)}. Expected a seed: an integer of at least 0.`,
    );
  }
  split.trainLoader.setSeed(loader_seed);
  warnOfOtherBits(log, extra);
  return true;
}
