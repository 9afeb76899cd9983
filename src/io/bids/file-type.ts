import { posix } from "node:path";
import { z } from "zod";
import { configClass, type JsonObject } from "../../utils/config.ts";
import { NO_SESSION } from "../tsv/index.ts";
import { type BidsName, entityValue, parseBidsName } from "./filename.ts";
import { fullMatch, pattern } from "./pattern.ts";

const entities = z
  .record(z.string().regex(/^[A-Za-z0-9]+$/, "An entity's key is letters and digits"), pattern)
  .nullable()
  .default(null);

const schema = z.strictObject({
  suffix: pattern,
  dataType: pattern.nullable().default(null),
  extension: pattern.default(".nii.*"),
  withEntities: entities,
  withoutEntities: entities,
  description: z.string().nullable().default(null),
});

/** A file below a folder, taken apart. */
export interface ScannedFile {
  /** Folder relative to where the search began, with `/`; "." for that folder itself. */
  readonly folder: string;
  readonly name: BidsName;
}

/**
 * Which files of a BIDS dataset are meant. All texts are regular expressions, which must match the whole.
 *
 * - `suffix`: the last part of the name: `T1w`.
 * - `dataType`: the folder below the session (or wherever the search begins): `anat`. Default null: no folder.
 * - `extension`: default `.nii.*`; small or capital letters.
 * - `withEntities`: what the name must have: `{ space: "MNI152.*" }`. `sub` and `ses` are implied.
 * - `withoutEntities`: what it must not have.
 * - `description`: for people.
 * @example
 * ```ts
 * const mask = new BidsFileType({ dataType: "anat", suffix: "mask", withEntities: { desc: "brain" } });
 * const masks = new Bids("bids/derivatives/masks");
 * console.log(masks.hasFileType("sub-001", "ses-M000", mask), mask.extension); // → true .nii.*
 * ```
 */
export class BidsFileType extends configClass("BidsFileType", schema, {
  named: false,
  verbatim: ["withEntities", "withoutEntities"],
}) {
  /** A copy with some options changed; of {@link T1Linear} and its like, too, whose constructors take others. */
  override with(changes: Partial<z.output<typeof schema>>): this {
    return Reflect.construct(BidsFileType, [{ ...this.fields(), ...changes }], this.constructor);
  }

  /**
   * Whether a file is of this type (and of this participant and session; `ses-none` are files without a session).
   * @param path relative to the folder that holds `dataType`: `anat/sub-001_ses-M000_T1w.nii.gz`.
   */
  match(
    path: string,
    { participantId, sessionId }: { readonly participantId?: string; readonly sessionId?: string } = {},
  ): boolean {
    const clean = path.replaceAll("\\", "/");
    const name = parseBidsName(posix.basename(clean));
    return name !== null && this.matchFile({ folder: posix.dirname(clean), name }, participantId, sessionId);
  }

  /** {@link match} for a file that was taken apart before. */
  matchFile({ folder, name }: ScannedFile, participantId?: string, sessionId?: string): boolean {
    if (!this.matchFolder(folder)) return false;
    const { extension } = name;
    if (!fullMatch(this.extension, extension) && !fullMatch(this.extension, extension.toLowerCase())) return false;
    if (!fullMatch(this.suffix, name.suffix)) return false;
    if (participantId !== undefined && name.entities.get("sub") !== entityValue(participantId, "sub")) return false;
    if (sessionId !== undefined && !isOfSession(name, sessionId)) return false;
    for (const [key, value] of Object.entries(this.withoutEntities ?? {})) {
      const found = name.entities.get(key);
      if (found !== undefined && fullMatch(value, found)) return false;
    }
    for (const [key, value] of Object.entries(this.withEntities ?? {})) {
      const found = name.entities.get(key);
      if (found === undefined || !fullMatch(value, found)) return false;
    }
    return true;
  }

  /** Whether files of this type can be in a folder, relative to where the search begins; "." for that folder itself. */
  matchFolder(folder: string): boolean {
    const { dataType } = this;
    return dataType === null || dataType === "" ? folder === "." : fullMatch(dataType, folder);
  }

  /** The one folder that files of this type are in, where `dataType` is its name and no other expression; else null. */
  get onlyFolder(): string | null {
    const { dataType } = this;
    if (dataType === null || dataType === "") return ".";
    return /^[A-Za-z0-9_-]+$/.test(dataType) && !dataType.startsWith("ses-") ? dataType : null;
  }

  /** Whether both select the same files; descriptions do not count. */
  equals(other: BidsFileType): boolean {
    return selection(this) === selection(other);
  }

  override toString(): string {
    const fields = Object.entries(this.toDict()).filter(([key, value]) => value !== null && key !== "description");
    return `BidsFileType(${fields.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ")})`;
  }
}

function isOfSession({ entities }: BidsName, sessionId: string): boolean {
  const session = entities.get("ses");
  return session === entityValue(sessionId, "ses") || (sessionId === NO_SESSION && session === undefined);
}

function selection(type: BidsFileType): string {
  const { description: _, ...rest } = type.toDict();
  return JSON.stringify(rest, (_key, value: unknown) =>
    typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value as JsonObject).sort())
      : value,
  );
}
