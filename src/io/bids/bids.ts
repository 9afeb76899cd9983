import { type Dirent, existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { JsonObject, ToDict } from "../../utils/config.ts";
import { CannotReadFieldError } from "../../utils/exceptions.ts";
import { naturalOrder } from "../../utils/natural-order.ts";
import { hasControlCharacters, visible } from "../../utils/visible.ts";
import { warnOnce } from "../../utils/warnings.ts";
import { NO_SESSION } from "../tsv/index.ts";
import { severalFiles } from "./ambiguity.ts";
import { DatasetDescription } from "./description.ts";
import { BidsError } from "./errors.ts";
import type { BidsFileType } from "./file-type.ts";
import { entityValue, isEntity, isLabel } from "./filename.ts";
import { entriesIn, type FoundFile, type FoundFolder, filesOf, folderNames, scanFiles, scanFolder } from "./scan.ts";

export interface PathOptions {
  /** `sub-001`, for a file of one participant. */
  readonly participantId?: string;
  /** `ses-M000`, for a file of one session; `ses-none` for one that lies in no `ses-` folder. Needs a participant. */
  readonly sessionId?: string;
}

/**
 * A BIDS dataset, a derivative, a study or a CAPS on disk.
 *
 * Images that lie in no `ses-` folder (`sub-01/anat/sub-01_T1w.nii.gz`) are of the session `ses-none`.
 *
 * Each folder is read once and remembered. A file that is not found there is looked for on the disk again; `refresh()`
 * forgets everything.
 *
 * @throws BidsError when there is no `dataset_description.json`, or it lacks what it must have.
 * @example
 * ```ts
 * import { basename } from "node:path";
 *
 * const bids = new Bids("bids");
 * const t1w = new BidsFileType({ dataType: "anat", suffix: "T1w" });
 * console.log(bids.getParticipantsSessionsWith(t1w)[0]); // → [ 'sub-001', 'ses-M000' ]
 * const path = bids.getPath(t1w, { participantId: "sub-001", sessionId: "ses-M000" });
 * console.log(basename(path)); // → sub-001_ses-M000_T1w.nii.gz
 * ```
 */
export class Bids implements ToDict {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly datasetDescription: DatasetDescription;
  /** By what was looked for, and below which folder; a key of both would be one more long text for each of many sessions. */
  readonly #scans = new Map<string, Map<string, FoundFolder[]>>();

  constructor(path: string) {
    const absolute = resolve(path);
    const file = join(absolute, "dataset_description.json");
    if (!existsSync(file)) {
      const what = existsSync(absolute) ? `${file} does not exist` : `there is no folder ${absolute}`;
      throw new BidsError(`A BIDS dataset needs a dataset_description.json with Name and BIDSVersion: ${what}.`);
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
    const path = this.findPath(fileType, options);
    if (path !== null) return path;
    throw new BidsError(`${where(options)}no file is of type ${fileType} below ${this.#root(options)}.`);
  }

  /** As {@link getPath}, or null where there is none. @throws BidsError when there is more than one. */
  findPath(fileType: BidsFileType, options: PathOptions = {}): string | null {
    const found = this.#find(fileType, options);
    if (found.length > 1) {
      throw new BidsError(`${where(options)}${found.length} files are of type ${fileType}:\n${severalFiles(found)}`);
    }
    return found[0]?.path ?? null;
  }

  /** Whether a session has a file of this type. @throws BidsError when it has several. */
  hasFileType(participantId: string, sessionId: string, fileType: BidsFileType): boolean {
    return this.findPath(fileType, { participantId, sessionId }) !== null;
  }

  /**
   * The path that a file of this type would have; `dataType` and `extension` are taken literally, `withoutEntities` ignored.
   * @throws BidsError for an entity or a suffix that is an expression: no file is named so.
   */
  buildPath(fileType: BidsFileType, options: PathOptions = {}): string {
    const sessionId = options.sessionId === NO_SESSION ? undefined : options.sessionId;
    const parts = [options.participantId, sessionId].filter((part) => part !== undefined);
    const named = Object.entries(fileType.withEntities ?? {});
    for (const [key, value] of [...named, ["suffix", fileType.suffix] as const]) {
      if (isLabel(value)) continue;
      throw new BidsError(
        `No path can be built for ${fileType}: '${key}' is the expression '${value}'. Give what the file's name is to have, letters and digits.`,
      );
    }
    parts.push(...named.map(([key, value]) => `${key}-${value}`));
    parts.push(fileType.suffix);
    const extension = fileType.extension.startsWith(".") ? fileType.extension : `.${fileType.extension}`;
    return join(this.#root(options), fileType.dataType ?? ".", `${parts.join("_")}${extension}`);
  }

  /** The (participant, session) pairs that have a file of this type, in the order of {@link getAllParticipantsSessions}. */
  getParticipantsSessionsWith(fileType: BidsFileType): [participantId: string, sessionId: string][] {
    return this.getAllParticipantsSessions().filter(([participant, session]) =>
      this.hasFileType(participant, session, fileType),
    );
  }

  /**
   * All (participant, session) pairs that have a folder: participants by name, their sessions as people number them
   * (`ses-none`, then `ses-M6` before `ses-M12`). Folders whose names are no BIDS names are left out, with a warning.
   * @throws BidsError for a folder with control characters in its name.
   */
  getAllParticipantsSessions(): [participantId: string, sessionId: string][] {
    return this.#entities(this.participantsDir, entriesIn(this.participantsDir), "sub").flatMap((participant) => {
      const folder = join(this.participantsDir, participant);
      const entries = entriesIn(folder);
      const sessions = this.#entities(folder, entries, "ses").sort(naturalOrder);
      if (this.#hasFilesOfNoSession(participant, entries, sessions)) sessions.unshift(NO_SESSION);
      return sessions.map((session): [string, string] => [participant, session]);
    });
  }

  /** The folders `sub-…` or `ses-…` among what is in a folder. */
  #entities(folder: string, entries: readonly Dirent[], key: "sub" | "ses"): string[] {
    const candidates = entries.filter((entry) => entry.name.startsWith(`${key}-`));
    return folderNames(candidates)
      .sort()
      .filter((name) => {
        if (isEntity(name, key)) return true;
        const what = `The folder '${visible(name)}' in ${folder} has no BIDS name ('${key}-' and letters or digits)`;
        if (hasControlCharacters(name)) throw new BidsError(`${what}, but characters that cannot be seen. Rename it.`);
        warnOnce(`folder ${folder}/${name}`, `${what}, and is left out. Rename it if it belongs to the dataset.`);
        return false;
      });
  }

  /** Whether a participant has files, other than tables of its own, outside of sessions' folders. */
  #hasFilesOfNoSession(participantId: string, entries: readonly Dirent[], sessions: readonly string[]): boolean {
    // mostly there is nothing but sessions
    if (sessions.includes(NO_SESSION) || entries.length === sessions.length) return false;
    const { folders } = this.#scan({ participantId, sessionId: NO_SESSION }, null);
    return folders
      .flatMap(filesOf)
      .some(
        ({ folder, name }) => !name.entities.has("ses") && (folder !== "." || !/^\.(?:tsv|json)$/.test(name.extension)),
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
    const { participantId, sessionId } = options;
    const select = (folders: readonly FoundFolder[]): FoundFile[] =>
      folders
        .filter(({ folder }) => fileType.matchFolder(folder))
        .flatMap(filesOf)
        .filter((file) => fileType.matchFile(file, participantId, sessionId));
    const { folders, remembered } = this.#scan(options, fileType.onlyFolder);
    const found = select(folders);
    return found.length > 0 || !remembered
      ? found
      : select(this.#scan(options, fileType.onlyFolder, { again: true }).folders);
  }

  /**
   * The files below the folder that is meant; those of no session are looked for outside of the sessions' folders.
   * @param only the one folder in it that is needed, if it is known.
   */
  #scan(
    options: PathOptions,
    only: string | null,
    { again = false }: { readonly again?: boolean } = {},
  ): { readonly folders: FoundFolder[]; readonly remembered: boolean } {
    const root = this.#root(options);
    const outside = options.sessionId === NO_SESSION && !root.endsWith(NO_SESSION);
    const all = outside ? "all outside of sessions" : "all";
    const sought = only === null ? all : `${outside ? "outside of sessions" : "in"} ${only}`;
    const known = this.#scans.get(sought)?.get(root) ?? this.#scans.get(all)?.get(root);
    if (known !== undefined && !again) return { folders: known, remembered: true };
    const folders =
      only === null ? scanFiles(root, (name) => !outside || !name.startsWith("ses-")) : scanFolder(root, only);
    const found = this.#scans.get(sought) ?? new Map<string, FoundFolder[]>();
    this.#scans.set(sought, found.set(root, folders));
    return { folders, remembered: false };
  }

  #root({ participantId, sessionId }: PathOptions): string {
    if (participantId === undefined) {
      if (sessionId !== undefined) throw new BidsError(`The session ${sessionId} was given without a participant.`);
      return this.path;
    }
    entityValue(participantId, "sub");
    const folder = join(this.participantsDir, participantId);
    if (sessionId === undefined) return folder;
    entityValue(sessionId, "ses");
    // a dataset may have a session of this name
    return sessionId === NO_SESSION && !existsSync(join(folder, NO_SESSION)) ? folder : join(folder, sessionId);
  }
}

function where({ participantId, sessionId }: PathOptions): string {
  const who = [participantId, sessionId].filter((part) => part !== undefined);
  return who.length === 0 ? "" : `(${who.join(", ")}): `;
}
