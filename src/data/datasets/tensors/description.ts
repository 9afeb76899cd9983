/** What a conversion to tensors says of itself on disk: its description, who was converted, and its line in the list of conversions. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { type Bids, BidsFileType } from "../../../io/bids/index.ts";
import { readJson, writeJson } from "../../../io/files/index.ts";
import { type ParticipantRow, type Row, readParticipants, readTsv, writeTsv } from "../../../io/tsv/index.ts";
import { type JsonObject, type JsonValue, show } from "../../../utils/config.ts";
import { TensorConversionError } from "../../../utils/exceptions.ts";
import { writeInTurn } from "./turns.ts";

/** Files of a type in a BIDS dataset, or one file for all. */
export type TensorSource = readonly [bids: string, fileType: BidsFileType];

export interface TensorDescription {
  /** Of which type the files with tensors are. */
  readonly tensorType: BidsFileType;
  readonly image: TensorSource;
  readonly masks: Readonly<Record<string, TensorSource | string>>;
  /** What image transforms added: fields, and images that are neither the image nor its masks. */
  readonly additionalData: readonly string[];
  /** The image transforms that were applied, as JSON. */
  readonly transforms: readonly JsonValue[];
  /** The same for all images, else null. */
  readonly spacing: readonly [number, number, number] | null;
  readonly spatialShape: readonly [number, number, number] | null;
  /** Whether it has not come to its end. */
  readonly interrupted: boolean;
  readonly description: string | null;
}

const KEYS = [
  "TensorType",
  "Image",
  "Masks",
  "AdditionalData",
  "Transforms",
  "Spacing",
  "SpatialShape",
  "Interrupted",
  "Description",
];
const json = z.custom<JsonValue>((value) => value !== undefined);
const fileType = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const source = z.tuple([z.string(), fileType]);
const triple = z.tuple([z.number(), z.number(), z.number()]).nullable();
const schema = z.strictObject({
  TensorType: fileType,
  Image: source,
  Masks: z.record(z.string(), z.union([source, z.string()])),
  AdditionalData: z.array(z.string()),
  Transforms: z.array(json),
  Spacing: triple,
  SpatialShape: triple,
  Interrupted: z.boolean(),
  Description: z.string().nullable(),
});

/** @throws TensorConversionError when the file is no description; `NotInterpretableJsonError` when it is damaged. */
export function readDescription(path: string): TensorDescription {
  if (!existsSync(path))
    throw new TensorConversionError(`There is no description of a conversion to tensors: ${path}.`);
  const parsed = schema.safeParse(readJson(path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TensorConversionError(
      `${path} is no description of a conversion to tensors: '${issue?.path.join(".") ?? ""}': ${issue?.message}. It has ${KEYS.join(", ")}; BidsDataset.toTensors writes it.`,
    );
  }
  const { data } = parsed;
  const sourceOf = ([bids, type]: readonly [string, JsonObject]): TensorSource => [bids, BidsFileType.fromDict(type)];
  const masks = Object.entries(data.Masks).map(([name, mask]) => [
    name,
    typeof mask === "string" ? mask : sourceOf(mask),
  ]);
  return {
    tensorType: BidsFileType.fromDict(data.TensorType),
    image: sourceOf(data.Image),
    masks: Object.fromEntries(masks) as Record<string, TensorSource | string>,
    additionalData: data.AdditionalData,
    transforms: data.Transforms,
    spacing: data.Spacing,
    spatialShape: data.SpatialShape,
    interrupted: data.Interrupted,
    description: data.Description,
  };
}

/** Writes the description, who was converted, and the line in `conversions.tsv`, each file whole. */
export function writeDescription(
  bids: Bids,
  description: TensorDescription,
  converted: readonly ParticipantRow[],
): void {
  const path = descriptionPath(bids, description.tensorType);
  const sourceOf = ([folder, type]: TensorSource): JsonValue => [folder, type.toDict()];
  const masks = Object.entries(description.masks).map(([name, mask]): [string, JsonValue] => [
    name,
    typeof mask === "string" ? mask : sourceOf(mask),
  ]);
  const content: JsonObject = {
    TensorType: description.tensorType.toDict(),
    Image: sourceOf(description.image),
    Masks: Object.fromEntries(masks),
    AdditionalData: [...description.additionalData],
    Transforms: [...description.transforms],
    Spacing: description.spacing === null ? null : [...description.spacing],
    SpatialShape: description.spatialShape === null ? null : [...description.spatialShape],
    Interrupted: description.interrupted,
    Description: description.description,
  };
  writeTsv(pairsPath(path), converted, ["participant_id", "session_id"]);
  writeJson(path, content, { overwrite: true });
  listConversion(bids, path, [
    {
      conv_id: description.tensorType.withEntities?.conv ?? "",
      description: description.description,
      description_json: basename(path),
    },
  ]);
}

/** Takes a conversion out of the list. */
export function unlistConversion(bids: Bids, path: string): void {
  if (existsSync(join(bids.path, CONVERSIONS))) listConversion(bids, path, []);
}

const CONVERSIONS = "conversions.tsv";

/** Replaces the lines of a conversion; ClinicaDL in Python writes the name of its TSV in the place of that of its JSON. */
function listConversion(bids: Bids, path: string, lines: readonly Row[]): void {
  const file = join(bids.path, CONVERSIONS);
  const names: readonly unknown[] = [basename(path), basename(pairsPath(path))];
  writeInTurn(bids.path, () => {
    const others = existsSync(file) ? readTsv(file).filter((row) => !names.includes(row.description_json)) : [];
    writeTsv(file, [...others, ...lines], ["conv_id", "description", "description_json"]);
  });
}

const SUFFIX = "_description.json";

/** Where the description of tensors of a type is. */
export function descriptionPath(bids: Bids, tensorType: BidsFileType): string {
  return bids.buildPath(tensorType.with({ suffix: "description", extension: ".json", dataType: null }));
}

/** Where the description of such a conversion is, whatever the order of the entities in its name; null when there is none. */
export function findDescription(bids: Bids, tensorType: BidsFileType): string | null {
  const wanted = entitiesOf(descriptionPath(bids, tensorType));
  const found = readdirSync(bids.path).find((name) => name.endsWith(SUFFIX) && entitiesOf(name) === wanted);
  return found === undefined ? null : join(bids.path, found);
}

/** By what a conversion is told from others: the entities in the name of its description, in one order. */
export function entitiesOf(description: string): string {
  return basename(description).slice(0, -SUFFIX.length).split("_").sort().join("_");
}

/** Where it says who was converted. */
export function pairsPath(description: string): string {
  if (!description.endsWith(SUFFIX))
    throw new TensorConversionError(
      `${show(description)} is no description of a conversion to tensors: its name ends with '${SUFFIX}'.`,
    );
  return join(dirname(description), `${basename(description).slice(0, -SUFFIX.length)}_participantsXsessions.tsv`);
}

/** Who was converted; nobody where that was not written. */
export function readPairs(description: string): readonly ParticipantRow[] {
  const path = pairsPath(description);
  // a table without rows is none to readParticipants
  return existsSync(path) && readTsv(path).length > 0 ? readParticipants(path) : [];
}
