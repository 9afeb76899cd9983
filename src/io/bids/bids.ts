import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { JsonObject, ToDict } from "../../utils/config.ts";
import { CannotReadFieldError } from "../../utils/exceptions.ts";
import { DatasetDescription } from "./description.ts";
import { BidsError } from "./errors.ts";
import type { BidsFileType } from "./file-type.ts";
import { entityValue } from "./filename.ts";
import { type FoundFile, foldersOf, scanFiles } from "./scan.ts";

export interface PathOptions {
  /** `sub-001`, for a file of one participant. */
  readonly participantId?: string;
  /** `ses-M000`, for a file of one session; needs a participant. */
  readonly sessionId?: string;
}

/**
 * A BIDS dataset, a derivative, a study or a CAPS on disk.
 *
 * Each session's folder is read once and remembered. A file that is not found there is looked for on the disk again;
 * `refresh()` forgets everything.
 *
 * @throws BidsError when there is no `dataset_description.json`, or it lacks what it must have.
 */
export class Bids implements ToDict {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly datasetDescription: DatasetDescription;
  readonly #scans = new Map<string, FoundFile[]>();

  constructor(path: string) {
    const absolute = resolve(path);
    const file = join(absolute, "dataset_description.json");
    if (!existsSync(file)) {
      const what = existsSync(absolute) ? `${file} does not exist` : `there is no folder ${absolute}`;
      throw new BidsError(
        `A BIDS dataset needs a dataset_description.json with Name, BIDSVersion and DatasetType: ${what}.`,
      );
    }
    this.path = realpathSync(absolute);
    this.datasetDescription = DatasetDescription.fromJson(file);
  }

  /** Where the participants' folders are: `subjects` in a CAPS, `sourcedata/raw` in a study, else the dataset itself. */
  get participantsDir(): string {
    if (this.datasetDescription.isCaps) return join(this.path, "subjects");
    return this.datasetDescription.datasetType === "study" ? join(this.path, "sourcedata", "raw") : this.path;
  }

  /** Where tensors converted from this dataset go: beside a derivative, else in `derivatives/tensors`. */
  get tensorsDir(): string {
    return this.datasetDescription.datasetType === "derivative"
      ? join(dirname(this.path), "tensors")
      : join(this.path, "derivatives", "tensors");
  }

  /**
   * The one file of a type, of a participant's session, of a participant, or of the whole dataset.
   * @throws BidsError when there is none, or more than one.
   */
  getPath(fileType: BidsFileType, options: PathOptions = {}): string {
    const found = this.#find(fileType, options);
    const [first] = found;
    if (first === undefined)
      throw new BidsError(`${where(options)}no file is of type ${fileType} below ${this.#root(options)}.`);
    if (found.length > 1) {
      throw new BidsError(
        `${where(options)}${found.length} files are of type ${fileType}:\n${found.map((file) => `  ${file.path}`).join("\n")}\nMake the type narrower, with withEntities or withoutEntities.`,
      );
    }
    return first.path;
  }

  /** Whether a session has a file of this type. @throws BidsError when it has several. */
  hasFileType(participantId: string, sessionId: string, fileType: BidsFileType): boolean {
    if (this.#find(fileType, { participantId, sessionId }).length === 0) return false;
    this.getPath(fileType, { participantId, sessionId });
    return true;
  }

  /** The path that a file of this type would have; patterns are taken literally, `withoutEntities` ignored. */
  buildPath(fileType: BidsFileType, options: PathOptions = {}): string {
    const parts = [options.participantId, options.sessionId].filter((part) => part !== undefined);
    for (const [key, value] of Object.entries(fileType.withEntities ?? {})) parts.push(`${key}-${value}`);
    parts.push(fileType.suffix);
    const extension = fileType.extension.startsWith(".") ? fileType.extension : `.${fileType.extension}`;
    return join(this.#root(options), fileType.dataType ?? ".", `${parts.join("_")}${extension}`);
  }

  /** The (participant, session) pairs that have a file of this type, sorted. */
  getParticipantsSessionsWith(fileType: BidsFileType): [participantId: string, sessionId: string][] {
    return this.getAllParticipantsSessions().filter(([participant, session]) =>
      this.hasFileType(participant, session, fileType),
    );
  }

  /** All (participant, session) pairs that have a folder, sorted. */
  getAllParticipantsSessions(): [participantId: string, sessionId: string][] {
    return foldersOf(this.participantsDir, "sub-").flatMap((participant) =>
      foldersOf(join(this.participantsDir, participant), "ses-").map((session): [string, string] => [
        participant,
        session,
      ]),
    );
  }

  /** Forgets what was found: the next question reads the disk. */
  refresh(): void {
    this.#scans.clear();
  }

  equals(other: Bids): boolean {
    return this.path === other.path;
  }

  toDict(): JsonObject {
    return { name_: "Bids", path: this.path };
  }

  static fromDict(dict: JsonObject): Bids {
    if (dict.name_ !== "Bids" || typeof dict.path !== "string") {
      throw new CannotReadFieldError(`Bids: expected { name_: "Bids", path }, got ${JSON.stringify(dict)}.`, ["path"]);
    }
    return new Bids(dict.path);
  }

  toString(): string {
    return `Bids(${this.path})`;
  }

  #find(fileType: BidsFileType, options: PathOptions): FoundFile[] {
    const root = this.#root(options);
    const { participantId, sessionId } = options;
    const select = (files: FoundFile[]): FoundFile[] =>
      files.filter((file) => fileType.matchFile(file, participantId, sessionId));
    const remembered = this.#scans.get(root);
    if (remembered !== undefined) {
      const found = select(remembered);
      if (found.length > 0) return found;
    }
    const files = scanFiles(root);
    this.#scans.set(root, files);
    return select(files);
  }

  #root({ participantId, sessionId }: PathOptions): string {
    if (participantId === undefined) {
      if (sessionId !== undefined) throw new BidsError(`The session ${sessionId} was given without a participant.`);
      return this.path;
    }
    entityValue(participantId, "sub");
    if (sessionId === undefined) return join(this.participantsDir, participantId);
    entityValue(sessionId, "ses");
    return join(this.participantsDir, participantId, sessionId);
  }
}

function where({ participantId, sessionId }: PathOptions): string {
  const who = [participantId, sessionId].filter((part) => part !== undefined);
  return who.length === 0 ? "" : `(${who.join(", ")}): `;
}
