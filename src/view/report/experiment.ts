import { checkpointOf, evaluationsOf, type GalleryFigure, groupsOf, readGallery } from "../gallery/index.ts";
import {
  type Configuration,
  type Environment,
  type Log,
  type Part,
  readConfiguration,
  readContents,
  readEnvironment,
  readFolds,
  readResources,
  readWarnings,
} from "../read/index.ts";
import { caseTable, foldTable, type ReportTable, resourceTable, splitTable } from "./tables.ts";

/** What a report says of one MAPS. */
export interface ReportedExperiment {
  readonly name: string;
  readonly path: string;
  readonly checkpoint: string;
  readonly splits: ReportTable;
  readonly folds: readonly ReportTable[];
  readonly cases: readonly ReportTable[];
  readonly resources: ReportTable;
  readonly figures: readonly GalleryFigure[];
  readonly configuration: Configuration;
  readonly environment: Part<Environment>;
  readonly warnings: readonly Log[];
}

/** Reads all that a report says of a MAPS. @throws ClinicaDLException where there is none. */
export function readExperiment(path: string, name: string, asked: string | undefined): ReportedExperiment {
  const contents = readContents(path);
  const checkpoint = asked ?? checkpointOf(contents);
  const groups = [null, ...groupsOf(contents)];
  const splits = contents.splits.map(({ index }) => index);
  const tables = groups.map((group) => {
    const folds = readFolds(path, { checkpoint, group });
    const cases = caseTable(
      evaluationsOf(path, splits, checkpoint, group),
      group === null ? "cases-validation" : `cases-${group}`,
      group === null ? "the validation data" : `the group ${group}`,
    );
    return { folds: folds.found ? [foldTable(folds.value, group === null ? "folds" : `folds-${group}`)] : [], cases };
  });
  return {
    name,
    path: contents.path,
    checkpoint,
    splits: splitTable(contents),
    folds: tables.flatMap(({ folds }) => folds),
    cases: tables.flatMap(({ cases }) => (cases.rows.length === 0 ? [] : [cases])),
    resources: resourceTable(splits.map((split) => readResources(path, split))),
    figures: readGallery(path, { checkpoint }),
    configuration: readConfiguration(path),
    environment: readEnvironment(path),
    warnings: readWarnings(path),
  };
}
