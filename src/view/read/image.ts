import { dirname } from "node:path";
import { Bids, BidsFileType } from "../../io/bids/index.ts";
import { Maps } from "../../io/maps/index.ts";
import { isJsonObject, type JsonValue } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { readData } from "./data-table.ts";
import type { EvaluationKey } from "./evaluation.ts";
import { type Part, partOf } from "./part.ts";

/** The files of one kind: of each session one, or one for all. */
export interface FileFinder {
  /** The directory of their BIDS dataset, links resolved, in which all of them lie; or that of the one file. */
  readonly dataset: string;
  /** Absolute. */
  pathOf(participant: string, session: string): Part<string>;
}

/** The image files of an evaluation's data. */
export interface ImageFinder extends FileFinder {
  /** Those of the masks that samples carry, by name. */
  readonly masks: ReadonlyMap<string, Part<FileFinder>>;
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
    const { bids: recorded, file_type, masks } = table.value.json;
    if (!isJsonObject(file_type)) {
      throw new ClinicaDLException(`${String(table.value.json.name_)} is no dataset of BIDS files.`);
    }
    const fileType = BidsFileType.fromDict(file_type);
    const folder =
      bids ?? (typeof recorded === "object" && recorded !== null && "path" in recorded ? recorded.path : null);
    if (typeof folder !== "string") throw new ClinicaDLException("The MAPS does not say where the BIDS dataset is.");
    const dataset = new Bids(folder);
    const named = Object.entries(isJsonObject(masks) ? masks : {});
    return {
      ...finderOf(dataset, fileType),
      masks: new Map(named.map(([name, mask]) => [name, partOf(() => findMask(name, mask, dataset))])),
    };
  });
}

function finderOf(dataset: Bids, fileType: BidsFileType): FileFinder {
  return {
    dataset: dataset.path,
    pathOf: (participantId, sessionId) => partOf(() => dataset.getPath(fileType, { participantId, sessionId })),
  };
}

/** @param mask as a `dataset.json` has it: a file for all, a file type of the images' dataset, or another dataset and a file type of that. */
function findMask(name: string, mask: JsonValue, dataset: Bids): FileFinder {
  if (typeof mask === "string") {
    if (!/\.(nii|nii\.gz|mgh|mgz)$/.test(mask))
      throw new ClinicaDLException(`The mask '${name}' is no image: ${mask}.`);
    return { dataset: dirname(mask), pathOf: () => ({ found: true, value: mask }) };
  }
  if (isJsonObject(mask)) return finderOf(dataset, BidsFileType.fromDict(mask));
  const [other, fileType] = Array.isArray(mask) ? mask : [];
  if (isJsonObject(other) && isJsonObject(fileType)) {
    return finderOf(Bids.fromDict(other), BidsFileType.fromDict(fileType));
  }
  throw new ClinicaDLException(`The mask '${name}' cannot be read from ${JSON.stringify(mask)}.`);
}
