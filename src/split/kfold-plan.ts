/** Which participants each fold trains and tests, before anything is written. */
import { join } from "node:path";
import { writeJson } from "../io/files/index.ts";
import type { ParticipantRow } from "../io/tsv/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { RandomState } from "../utils/random/index.ts";
import { groupsOf, labelsOf, stratificationColumns } from "./columns.ts";
import { KFoldConfig } from "./configs.ts";
import { SplitDesign, writeDesign } from "./design.ts";
import { type FoldIndices, kFold, stratifiedKFold } from "./folds.ts";
import { stratifiedGroupKFold } from "./group-folds.ts";
import { checkColumns, extractBaseline, writeSubsets } from "./tables.ts";

export const KFOLD_FILE = "kfold_config.json";

/** What `makeKFold` was asked, spelt out. */
export interface KFoldRequest {
  readonly nSplits: number;
  readonly subsetName: string | undefined;
  readonly stratification: string | boolean | readonly string[];
  readonly groups: string | null;
  readonly repeats: number;
  readonly longitudinal: boolean;
  readonly seed: number;
}

/** Folds, and the tables that say who is in which. */
export class KFoldPlan {
  readonly config: KFoldConfig;
  readonly design: SplitDesign;
  /** Those who are trained on, of each split: one row a participant. */
  readonly training: readonly (readonly ParticipantRow[])[];
  readonly #tested: readonly (readonly ParticipantRow[])[];
  readonly #rows: readonly ParticipantRow[];
  readonly #columns: readonly string[];

  constructor(
    config: KFoldConfig,
    design: SplitDesign,
    {
      rows,
      baseline,
      folds,
      columns,
    }: {
      /** All sessions of all participants. */
      readonly rows: readonly ParticipantRow[];
      readonly baseline: readonly ParticipantRow[];
      readonly folds: readonly FoldIndices[];
      /** What the tables hold beside participant and session. */
      readonly columns: readonly string[];
    },
  ) {
    this.config = config;
    this.design = design;
    const at = (indices: readonly number[]): ParticipantRow[] => indices.map((i) => baseline[i] as ParticipantRow);
    this.training = folds.map(({ train }) => at(train));
    this.#tested = folds.map(({ test }) => at(test));
    this.#rows = rows;
    this.#columns = columns;
  }

  /** Writes all but `kfold_config.json`, which comes last. */
  writeTables(dir: string, design = this.design): void {
    this.training.forEach((train, i) => {
      const subsets = { folder: `split-${i}`, train, subset: this.#tested[i] as readonly ParticipantRow[] };
      writeSubsets(dir, subsets, this.#rows, this.#columns, this.config);
    });
    writeDesign(dir, design);
  }

  /** Writes all of it. */
  write(dir: string): void {
    this.writeTables(dir);
    writeJson(join(dir, KFOLD_FILE), this.config.toDict());
  }
}

/**
 * Cuts the participants of a table into folds.
 * @param what the function that was called, for messages.
 * @throws ConfigError, DataFrameError
 */
export function planKFold(what: string, rows: readonly ParticipantRow[], request: KFoldRequest): KFoldPlan {
  const { nSplits, groups, repeats, seed, longitudinal, subsetName } = request;
  const stratification = stratificationColumns(what, rows, request.stratification);
  if (groups !== null) checkColumns(rows, [groups], "groups");
  const columns = [...new Set([...stratification, ...(groups === null ? [] : [groups])])];
  const config = new KFoldConfig({
    ...(subsetName === undefined ? {} : { subsetName }),
    stratification: stratification.length === 0 ? null : stratification.join(","),
    longitudinal,
    seed,
    nSplits: nSplits * repeats,
  });
  const design = new SplitDesign({ stratification: [...stratification], groups, repeats });

  const baseline = extractBaseline(rows, columns.length === 0 ? null : columns);
  if (nSplits > baseline.length) {
    throw new ConfigError(
      `${what}: 'nSplits' got ${nSplits}, but there are only ${baseline.length} participants. Ask for at most as many folds.`,
    );
  }
  const labels = stratification.length === 0 ? null : labelsOf(what, baseline, stratification, nSplits);
  const members = groups === null ? null : groupsOf(what, baseline, rows, groups, nSplits);
  const random = new RandomState(seed);
  const dealt = (): FoldIndices[] => {
    if (members !== null) return stratifiedGroupKFold(labels ?? members.map(() => 0), members, nSplits, random);
    return labels === null ? kFold(baseline.length, nSplits, random) : stratifiedKFold(labels, nSplits, random);
  };
  const folds = Array.from({ length: repeats }, dealt).flat();
  return new KFoldPlan(config, design, { rows, baseline, folds, columns });
}
