import { resolve } from "node:path";
import { Bids, BidsFileType } from "../../io/bids/index.ts";
import { contentProblem } from "../../io/files/index.ts";
import { NO_SESSION, type ParticipantRow } from "../../io/tsv/index.ts";
import { isJsonObject, type JsonValue, show } from "../../utils/config.ts";
import { CannotReadFieldError, ConfigError, ImageError } from "../../utils/exceptions.ts";

type FileTypeInput = BidsFileType | ConstructorParameters<typeof BidsFileType>[0];

/** Where a mask comes from: one file for all, a file type in the dataset of the images, or a file type in another. */
export type MaskInput = string | FileTypeInput | readonly [bids: string | Bids, fileType: FileTypeInput];

export type MaskSource =
  | { readonly kind: "common"; readonly path: string }
  | { readonly kind: "individual"; readonly bids: Bids; readonly fileType: BidsFileType; readonly ownBids: boolean };

/** The files of one row. */
export interface RowFiles {
  readonly image: string;
  /** By name. */
  readonly masks: Readonly<Record<string, string>>;
}

export function toFileType(input: FileTypeInput, field: string): BidsFileType {
  if (input instanceof BidsFileType) return input;
  if (typeof input !== "object" || input === null) {
    throw new ConfigError(
      `BidsDataset: '${field}' got ${show(input)}. Give a BidsFileType, such as new BidsFileType({ suffix: "T1w", dataType: "anat" }).`,
    );
  }
  return new BidsFileType(input);
}

export function toBids(input: string | Bids): Bids {
  return input instanceof Bids ? input : new Bids(input);
}

export function toMaskSource(name: string, input: MaskInput, bids: Bids): MaskSource {
  if (typeof input === "string") {
    const path = resolve(input);
    const problem = contentProblem(path);
    if (problem !== null) throw new ImageError(`The mask '${name}' cannot be read: ${path}: ${problem}.`);
    return { kind: "common", path };
  }
  if (isPair(input)) {
    return {
      kind: "individual",
      bids: toBids(input[0]),
      fileType: toFileType(input[1], `masks.${name}`),
      ownBids: true,
    };
  }
  return { kind: "individual", bids, fileType: toFileType(input, `masks.${name}`), ownBids: false };
}

function isPair(input: MaskInput): input is readonly [string | Bids, FileTypeInput] {
  return Array.isArray(input);
}

export function maskToJson(source: MaskSource): JsonValue {
  if (source.kind === "common") return source.path;
  return source.ownBids ? [source.bids.toDict(), source.fileType.toDict()] : source.fileType.toDict();
}

export function maskFromJson(name: string, json: JsonValue): MaskInput {
  if (typeof json === "string") return json;
  if (Array.isArray(json) && isJsonObject(json[0]) && isJsonObject(json[1]))
    return [Bids.fromDict(json[0]), BidsFileType.fromDict(json[1])];
  if (isJsonObject(json)) return BidsFileType.fromDict(json);
  throw new CannotReadFieldError(`BidsDataset: the mask '${name}' cannot be read from ${JSON.stringify(json)}.`, [
    "masks",
  ]);
}

/**
 * The files of every row. They are looked at from outside (one `stat` each), not read.
 * @throws ImageError listing the sessions without an image or mask, and files that hold none: links that lead nowhere, pointers
 * to content that was not fetched, empty files.
 */
export function findFiles(
  rows: readonly ParticipantRow[],
  bids: Bids,
  fileType: BidsFileType,
  masks: ReadonlyMap<string, MaskSource>,
): RowFiles[] {
  const images = findAll(rows, bids, fileType, "image");
  requireContent(rows, images, "image");
  // of many rows, an object that they share
  if (masks.size === 0) return images.map((image) => ({ image, masks: NO_MASKS }));
  const files = images.map((image) => ({ image, masks: {} as Record<string, string> }));
  for (const [name, source] of masks) {
    const isCommon = source.kind === "common";
    const paths = isCommon
      ? rows.map(() => source.path)
      : findAll(rows, source.bids, source.fileType, `mask '${name}'`);
    if (!isCommon) requireContent(rows, paths, `mask '${name}'`);
    paths.forEach((path, i) => {
      const row = files[i];
      if (row !== undefined) row.masks[name] = path;
    });
  }
  return files;
}

const NO_MASKS: RowFiles["masks"] = Object.freeze({});
const SHOWN = 10;

function findAll(rows: readonly ParticipantRow[], bids: Bids, fileType: BidsFileType, what: string): string[] {
  const missing: string[] = [];
  const paths = rows.map(({ participant_id: participantId, session_id: sessionId }) => {
    const path = bids.findPath(fileType, { participantId, sessionId });
    if (path !== null) return path;
    missing.push(`(${participantId}, ${sessionId})`);
    return "";
  });
  if (missing.length > 0) {
    const listed =
      missing.slice(0, SHOWN).join(", ") + (missing.length > SHOWN ? `, and ${missing.length - SHOWN} more` : "");
    const hint = missing.some((pair) => pair.includes(NO_SESSION))
      ? ` ('${NO_SESSION}', also where the data have no column 'session_id', stands for images that lie in no ses- folder.)`
      : folderHint(bids, fileType);
    throw new ImageError(
      `${missing.length} of ${rows.length} sessions have no ${what} of type ${fileType} in ${bids.participantsDir}: ${listed}. Take these rows out of the data, or correct the file type.${hint}`,
    );
  }
  return paths;
}

/** A type without a folder is of files in the session's own: said where there are such files one folder below. */
export function folderHint(bids: Bids, fileType: BidsFileType): string {
  if (fileType.dataType !== null && fileType.dataType !== "") return "";
  const { length } = bids.getParticipantsSessionsWith(fileType.with({ dataType: "[^.].*" }));
  if (length === 0) return "";
  return ` Without 'dataType', files must be in the session's own folder; ${length} sessions have one in a folder below it: name that, as in dataType: "anat".`;
}

function requireContent(rows: readonly ParticipantRow[], paths: readonly string[], what: string): void {
  const problems: string[] = [];
  rows.forEach(({ participant_id, session_id }, i) => {
    const path = paths[i] ?? "";
    const problem = contentProblem(path);
    if (problem !== null) problems.push(`(${participant_id}, ${session_id}): ${path}: ${problem}.`);
  });
  if (problems.length === 0) return;
  const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more.`] : [];
  throw new ImageError(
    `${problems.length} of ${rows.length} sessions have a file for the ${what} that holds none:\n${[...problems.slice(0, SHOWN), ...more].map((line) => `  ${line}`).join("\n")}`,
  );
}
