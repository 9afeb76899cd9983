/** `npx clinicadl validate`, `test`, `predict`: saved models on data that the MAPS knows, or on new data. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { DataLoader } from "../data/dataloader/index.ts";
import type { Inferer } from "../infer/index.ts";
import { SALIENCY_METHODS, type SaliencyMethod } from "../infer/saliency-methods.ts";
import { readTsv } from "../io/tsv/index.ts";
import type { StatisticsOptions, Trainer } from "../train/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { answer } from "../utils/output.ts";
import { computationalOptions, type MapsFlags, mapsCommand, openTrainer } from "./maps-options.ts";
import { count, splitList } from "./numbers.ts";

interface EvaluateFlags extends MapsFlags {
  readonly json: boolean;
}
interface StatisticsFlags {
  readonly intervals?: number | true;
  readonly stratify?: string;
  readonly groups?: string[];
}
interface ValidateFlags extends EvaluateFlags, StatisticsFlags {
  readonly split: number;
  readonly checkpoint?: string;
  readonly metrics?: string[];
}
interface GroupFlags extends EvaluateFlags {
  readonly checkpoint: string;
  readonly group: string;
  readonly data?: string;
}
interface TestFlags extends GroupFlags, StatisticsFlags {
  readonly metrics?: string[];
  readonly calibrated: boolean;
}
interface PredictFlags extends GroupFlags {
  readonly outputs?: string[];
  readonly include?: string[];
  readonly saliency?: SaliencyMethod;
  readonly ensemble?: number[];
  readonly calibrated: boolean;
  readonly overwrite: boolean;
}

const JSON_FLAG = ["--json", "print it as JSON", false] as const;
const CALIBRATED = [
  "--calibrated",
  "with the temperature and the threshold that 'clinicadl calibrate' has fitted for this checkpoint",
  false,
] as const;
const METRICS = ["--metrics <name...>", "which metrics of the MAPS (default: all)"] as const;

function statisticsCommand(command: Command): Command {
  return command
    .option(
      "--intervals [n]",
      "intervals of confidence, of participants drawn n times (2000), in intervals.tsv",
      count(1),
    )
    .option("--stratify <column>", "with --intervals: as many participants of each of its values in each draw")
    .option("--groups <column...>", "the metrics of each value of these columns, in groups.tsv");
}

function statisticsOptions({ intervals, stratify, groups }: StatisticsFlags): StatisticsOptions {
  if (intervals === undefined && stratify !== undefined) {
    throw new ConfigError("--stratify says how participants are drawn for --intervals. Give that, too.");
  }
  const n = typeof intervals === "number" ? { n: intervals } : {};
  return {
    ...(intervals === undefined ? {} : { intervals: { ...n, ...(stratify === undefined ? {} : { stratify }) } }),
    ...(groups === undefined ? {} : { groups }),
  };
}

export function registerValidate(program: Command): void {
  const description = "Compute metrics of saved models on the validation data of their split.";
  statisticsCommand(mapsCommand(program, "validate", description))
    .requiredOption("--split <n>", "which split", count(0))
    .option("--checkpoint <name>", "best-<metric>, epoch-<n> or final (default: all of them)")
    .option(...METRICS)
    .option(...JSON_FLAG)
    .action(async (path: string, flags: ValidateFlags) => {
      const { split, checkpoint, metrics } = flags;
      using trainer = await openTrainer(path, flags);
      await trainer.validate({
        splitIdx: split,
        metrics: metrics ?? trainer.metrics.metricNames,
        ...(checkpoint === undefined ? {} : { modelCheckpoint: checkpoint }),
        ...statisticsOptions(flags),
        ...computationalOptions(flags),
      });
      const { models } = trainer.maps.training.split(split);
      const names = checkpoint === undefined ? models.list : [checkpoint];
      show(
        names.map((name) => [name, models.getCheckpointDir(name).validationMetrics.aggregatedTsv]),
        flags.json,
      );
    });
}

function groupCommand(program: Command, name: string, description: string): Command {
  return mapsCommand(program, name, description)
    .requiredOption("--checkpoint <name>", "split-<i>_best-<metric>, split-<i>_epoch-<n> or split-<i>_final")
    .requiredOption("--group <name>", "data that the MAPS knows by this name, or will: with --data")
    .option(
      "--data <tsv>",
      "participants of a new group; their images are in the BIDS data set of the MAPS, or --bids",
    );
}

/** The data of a new group. What a known one holds is in the MAPS. */
async function newData(trainer: Trainer, { data, bids }: GroupFlags): Promise<{ readonly dataloader?: DataLoader }> {
  if (data === undefined) return {};
  const { loaderOfNewData } = await import("./experiment/new-data.ts");
  const where = bids === undefined ? {} : { bids: resolve(bids) };
  return { dataloader: await loaderOfNewData(trainer.maps, { data: resolve(data), ...where }) };
}

export function registerTest(program: Command): void {
  statisticsCommand(groupCommand(program, "test", "Evaluate a saved model on a test group."))
    .option(...METRICS)
    .option(...CALIBRATED)
    .option(...JSON_FLAG)
    .action(async (path: string, flags: TestFlags) => {
      const { checkpoint: modelCheckpoint, group: groupName, metrics, calibrated } = flags;
      using trainer = await openTrainer(path, flags);
      const options = { calibrated, ...statisticsOptions(flags), ...computationalOptions(flags) };
      const run = { modelCheckpoint, groupName, ...options, ...(await newData(trainer, flags)) };
      await trainer.test(metrics === undefined ? run : { ...run, metrics });
      const { splitIdx, checkpoint } = trainer.maps.training.readCheckpointName(modelCheckpoint);
      const { aggregatedTsv } = trainer.maps.test.group(groupName).results(splitIdx, checkpoint).metrics;
      show([[modelCheckpoint, aggregatedTsv]], flags.json);
    });
}

export function registerPredict(program: Command): void {
  groupCommand(program, "predict", "Apply a saved model to a group of data.")
    .option("--outputs <field...>", "which fields to keep (default: what the model adds)")
    .option(
      "--ensemble <list>",
      "splits whose models predict together, as 0,1,2; --checkpoint is then best-<metric>, epoch-<n> or final",
      splitList,
    )
    .addOption(
      new Option(
        "--saliency [method]",
        "maps of what the outputs depend on, as images beside them: of gradients, or slower and sharper, of integrated gradients",
      )
        .choices(SALIENCY_METHODS)
        .preset("gradient"),
    )
    .option("--include <column...>", "columns of the data that the table has, too")
    .option(...CALIBRATED)
    .option(...JSON_FLAG)
    .option("--overwrite", "replace predictions of this checkpoint for this group", false)
    .action(async (path: string, flags: PredictFlags) => {
      const { checkpoint: modelCheckpoint, group: groupName, outputs, include = [], ensemble } = flags;
      const { saliency, calibrated, overwrite } = flags;
      using trainer = await openTrainer(path, flags);
      const options = { include, calibrated, overwrite, ...computationalOptions(flags) };
      const run = { modelCheckpoint, groupName, ...options, ...(await newData(trainer, flags)) };
      await trainer.predict({
        ...run,
        ...(outputs === undefined ? {} : { outputs }),
        ...(ensemble === undefined ? {} : { ensemble }),
        ...(saliency === undefined ? {} : { inferer: await saliencyOf(trainer, saliency) }),
      });
      const { splitIdx, checkpoint } =
        ensemble === undefined
          ? trainer.maps.training.readCheckpointName(modelCheckpoint)
          : { splitIdx: ensemble.toSorted((a, b) => a - b), checkpoint: modelCheckpoint };
      const { path: folder } = trainer.maps.prediction.group(groupName).results(splitIdx, checkpoint);
      answer(flags.json ? JSON.stringify({ folder }) : folder);
    });
}

/** Maps of the trainer's model; what becomes of the output is as the model says. */
async function saliencyOf({ model }: Trainer, method: SaliencyMethod): Promise<Inferer> {
  const { SaliencyInferer, SimpleInferer } = await import("../infer/index.ts");
  const inferer = "inferer" in model ? model.inferer : null;
  return new SaliencyInferer({ ...(inferer instanceof SimpleInferer ? inferer.fields() : {}), method });
}

/** Tables of metrics, each below the name of its model; as JSON, the metrics of each model by its name. */
function show(tables: readonly (readonly [name: string, tsv: string])[], json: boolean): void {
  if (json) answer(JSON.stringify(Object.fromEntries(tables.map(([name, tsv]) => [name, readTsv(tsv).at(-1)]))));
  else for (const [name, tsv] of tables) answer(`${name}\n${readFileSync(tsv, "utf8").replace(/\n$/, "")}`);
}
