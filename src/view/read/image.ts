import { Bids, BidsFileType } from "../../io/bids/index.ts";
import { Maps } from "../../io/maps/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { readData } from "./data-table.ts";
import type { EvaluationKey } from "./evaluation.ts";
import { type Part, partOf } from "./part.ts";

/** The image files of an evaluation's data. */
export interface ImageFinder {
  /** The directory of the BIDS dataset, links resolved: all images lie in it. */
  readonly dataset: string;
  /** Absolute. */
  pathOf(participant: string, session: string): Part<string>;
}

/**
 * Finds the images of the data of an evaluation: those of the BIDS dataset that its `dataset.json` names.
 * @param options `bids`: where the dataset is, if it is no longer where the MAPS says.
 */
export function findImages(
  path: string,
  { models, group }: Pick<EvaluationKey, "models" | "group">,
  { bids }: { readonly bids?: string } = {},
): Part<ImageFinder> {
  return partOf(() => {
    const { training, test, prediction } = new Maps(path);
    const files =
      group === null
        ? [models].flat().map((split) => training.data.validation(split).datasetJson)
        : [prediction.group(group), test.group(group)].map(({ datasetJson }) => datasetJson);
    const table = readData(files);
    if (!table.found) throw new ClinicaDLException(table.reason);
    const { bids: recorded, file_type } = table.value.json;
    if (typeof file_type !== "object" || file_type === null || Array.isArray(file_type)) {
      throw new ClinicaDLException(`${String(table.value.json.name_)} is no dataset of BIDS files.`);
    }
    const fileType = BidsFileType.fromDict(file_type);
    const folder =
      bids ?? (typeof recorded === "object" && recorded !== null && "path" in recorded ? recorded.path : null);
    if (typeof folder !== "string") throw new ClinicaDLException("The MAPS does not say where the BIDS dataset is.");
    const dataset = new Bids(folder);
    return {
      dataset: dataset.path,
      pathOf: (participantId: string, sessionId: string) =>
        partOf(() => dataset.getPath(fileType, { participantId, sessionId })),
    };
  });
}
