// How far two MAPS are apart. Every function gives `{ largest, count }`: the largest difference of `count` values; what
// cannot be compared (a row or a column that only one has) is an error.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as torch from "clinicadl/torch";
import { apart, compareTables, readTable, together } from "./tables.mjs";

const splitDir = (maps, split) => join(maps, "training", `split-${split}`);

function metricTables(a, b) {
  return together(["aggregated.tsv", "details.tsv"].map((file) => compareTables(join(a, file), join(b, file))));
}

/** The folders of the checkpoints of all splits, from the MAPS on. */
export function checkpoints(maps) {
  const list = (...path) => (existsSync(join(maps, ...path)) ? readdirSync(join(maps, ...path)).sort() : []);
  return list("training")
    .filter((name) => name.startsWith("split-"))
    .flatMap((split) => {
      const models = ["training", split, "models"];
      const kept = ["best_models", "checkpoints"].flatMap((kind) =>
        list(...models, kind).map((name) => join(...models, kind, name)),
      );
      return [...kept, ...(list(...models, "final").length > 0 ? [join(...models, "final")] : [])];
    });
}

/** The metrics that `a` has of each checkpoint, over the data set and per sample. */
export function checkpointMetrics(a, b) {
  const folders = checkpoints(a).map((path) => [a, b].map((maps) => join(maps, path, "validation_metrics")));
  // after an epoch without evaluation, a checkpoint has none
  const evaluated = folders.filter(([recorded]) => readTable(join(recorded, "aggregated.tsv")).rows.length > 0);
  return together(evaluated.map(([recorded, again]) => metricTables(recorded, again)));
}

/** What came out of tests. @param tests `{ checkpoint, group }`; the checkpoint is named as in `split-0_final`. */
export function testMetrics(a, b, tests) {
  const folder = (maps, { checkpoint, group }) =>
    join(maps, "test", `group-${group}`, "results", ...checkpoint.split("_"), "metrics");
  return together(tests.map((test) => metricTables(folder(a, test), folder(b, test))));
}

/** The loss of every batch, relative. @param steps only of the first so many, which there must be. */
export function lossCurves(a, b, steps) {
  const [one, two] = [a, b].map((maps) => readTable(join(splitDir(maps, 0), "logs", "training_loss.tsv")).rows);
  if (one.length !== two.length) throw new Error(`other numbers of steps: ${one.length} and ${two.length}`);
  if (steps !== undefined && one.length < steps) throw new Error(`only ${one.length} steps`);
  const losses = one.slice(0, steps).map(({ loss }, i) => {
    if (loss === "") throw new Error(`the loss of step ${i + 1} is not a number`);
    return apart(loss, two[i].loss, { relative: true });
  });
  return { largest: Math.max(...losses), count: losses.length };
}

/** The validation metrics of every epoch. */
export function epochMetrics(a, b) {
  return metricTables(...[a, b].map((maps) => join(splitDir(maps, 0), "validation_metrics")));
}

/** The metrics after the last epoch, over the data set. */
export function finalMetrics(a, b) {
  const path = join("models", "final", "validation_metrics", "aggregated.tsv");
  return compareTables(...[a, b].map((maps) => join(splitDir(maps, 0), path)));
}

/** The learning rates that were used, relative; but for the last epoch, where the original logs others (D-LRlog). */
export function learningRates(a, b) {
  const paths = [a, b].map((maps) => join(splitDir(maps, 0), "logs", "learning_rates", "optimizer.tsv"));
  const last = readTable(paths[0]).rows.at(-1)?.epoch;
  return compareTables(...paths, { relative: true, keep: ({ epoch }) => epoch !== last });
}

/** @param {string} path */
function stateDictOf(path) {
  const loaded = torch.load(path);
  if (!(loaded instanceof Map)) throw new Error(`${path} holds no state dict`);
  return loaded;
}

/** Every number of two state dicts, in the same order. */
export function weights(a, b) {
  using _scope = torch.scope();
  const [one, two] = [a, b].map((path) => [...stateDictOf(path)]);
  const names = (list) => list.map(([name]) => name).join(", ");
  if (names(one) !== names(two)) throw new Error(`other weights: ${names(one)} and ${names(two)}`);
  const found = { largest: 0, count: 0 };
  for (const [i, [name, tensor]] of one.entries()) {
    const other = two[i][1];
    if (String(tensor.shape) !== String(other.shape)) throw new Error(`another shape of ${name}`);
    const [x, y] = [tensor, other].map((t) => t.to({ dtype: "float64" }));
    found.largest = Math.max(found.largest, x.sub(y).abs().max().item());
    found.count += tensor.numel();
  }
  return found;
}

export function finalWeights(a, b) {
  return weights(...[a, b].map((maps) => join(splitDir(maps, 0), "models", "final", "model.pt")));
}
