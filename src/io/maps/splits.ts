/** The splits of a MAPS, whose parts stand in several of its folders: made and deleted as one. */
import { existsSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { JsonObject } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { makeFolder, writeJson } from "../files/index.ts";
import { type Row, readTsv, writeTsv } from "../tsv/index.ts";
import type { InferenceDir } from "./inference-dir.ts";
import { checkOurs } from "./inside.ts";
import { DATA, type Layout, SPLIT_LAYOUT, SPLIT_RESULTS } from "./layout.ts";
import { removeDirectory, stageDirectory } from "./staging.ts";
import type { DataRecord, TrainingDir } from "./training-dir.ts";

/** What `Maps.createSplit` writes. */
export interface SplitRecord {
  readonly train: DataRecord;
  readonly validation: DataRecord;
  readonly computational: JsonObject;
  /** What of it ClinicaDL does not know; null where there is nothing. */
  readonly computationalExtras?: JsonObject | null;
}

/** What a split needs of its MAPS. */
interface SplitHome {
  readonly path: string;
  readonly training: TrainingDir;
  readonly test: InferenceDir;
  readonly prediction: InferenceDir;
  use(): Disposable;
  locked<T>(body: () => T): T;
}

/** See `Maps.createSplit`. */
export function createSplit(maps: SplitHome, split: number, record: SplitRecord): void {
  const { data } = maps.training;
  checkOurs(maps.training.split(split).path, SPLIT_LAYOUT);
  for (const { path } of [data.train(split), data.validation(split)]) checkOurs(path, DATA);
  updateTrainingData(maps, [...record.train.data, ...record.validation.data]);
  data.train(split).create(record.train);
  data.validation(split).create(record.validation);
  const dir = maps.training.split(split);
  stageDirectory(dir.path, (staging) => {
    writeJson(join(staging, basename(dir.computationalJson)), record.computational);
    const { computationalExtras = null } = record;
    if (computationalExtras === null) return;
    const extras = join(staging, relative(dir.path, dir.computationalExtrasJson));
    makeFolder(dirname(extras));
    writeJson(extras, computationalExtras);
  });
}

function updateTrainingData(maps: SplitHome, rows: readonly Row[]): void {
  const { dataTsv } = maps.training.data;
  makeFolder(dirname(dataTsv));
  // other processes may train on other splits
  maps.locked(() => {
    const known = existsSync(dataTsv) ? readTsv(dataTsv) : [];
    writeTsv(dataTsv, sortedPairs([...known, ...rows]), ["participant_id", "session_id"]);
  });
}

/** See `Maps.deleteSplit`. */
export function deleteSplit(maps: SplitHome, split: number): void {
  using _use = maps.use();
  // nobody adds results of its models any more
  using _split = maps.training.lockSplit(split);
  const { data } = maps.training;
  const groups = [...maps.test.groups.values(), ...maps.prediction.groups.values()];
  const parts: (readonly [string, Layout])[] = [
    [maps.training.split(split).path, SPLIT_LAYOUT],
    [data.train(split).path, DATA],
    [data.validation(split).path, DATA],
    // what an ensemble gave is no longer what its models give
    ...groups.flatMap((group) =>
      [split, ...group.ensemblesList.filter((splits) => splits.includes(split))].map(
        (models) => [dirname(group.results(models, "final").path), SPLIT_RESULTS] as const,
      ),
    ),
  ];
  const paths = parts.map(([path]) => path);
  if (!paths.some((path) => existsSync(path))) {
    throw new ClinicaDLException(
      `There is no split ${split} in ${maps.path}. Its splits are: ${maps.training.splitsList.join(", ") || "none"}.`,
    );
  }
  for (const [path, layout] of parts) checkOurs(path, layout);
  maps.locked(() => {
    for (const path of paths) if (existsSync(path)) removeDirectory(path);
    const left = maps.training.splitsList.flatMap((i) => [data.train(i), data.validation(i)]);
    const rows = left.flatMap((dir) => (existsSync(dir.dataTsv) ? readTsv(dir.dataTsv) : []));
    writeTsv(data.dataTsv, sortedPairs(rows), ["participant_id", "session_id"]);
  });
}

/** The different pairs of participant and session, sorted. */
export function sortedPairs(rows: readonly Row[]): Row[] {
  const pairs = new Map<string, Row>();
  for (const { participant_id, session_id } of rows) {
    pairs.set(`${participant_id}\t${session_id}`, {
      participant_id: participant_id ?? null,
      session_id: session_id ?? null,
    });
  }
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
