/** What a BIDS dataset has, as the command line shows it. */
import { type Bids, BidsError, type BidsFileType, type FileKind, fileKinds } from "../../io/bids/index.ts";
import { alignedTable } from "../table.ts";

/** How many lines of one list are shown; `--json` has all. */
const SHOWN = 40;

export interface Content {
  readonly path: string;
  readonly name: string;
  readonly datasetType: "raw" | "derivative" | "study" | "CAPS";
  readonly bidsVersion: string;
  readonly participants: number;
  readonly sessions: number;
  readonly kinds: readonly FileKind[];
}

export function contentOf(bids: Bids): Content {
  const pairs = bids.getAllParticipantsSessions();
  const { name, datasetType, isCaps, bidsVersion } = bids.datasetDescription;
  const participants = new Set(pairs.map(([participant]) => participant)).size;
  const type = isCaps ? "CAPS" : datasetType;
  return {
    path: bids.path,
    name,
    datasetType: type,
    bidsVersion,
    participants,
    sessions: pairs.length,
    kinds: fileKinds(bids),
  };
}

export function contentText({ name, datasetType, bidsVersion, participants, sessions, kinds }: Content): string {
  const rows = kinds.map(({ sessions: n, dataType, suffix, extension, entities }) => [
    String(n),
    dataType ?? "",
    suffix,
    extension,
    Object.entries(entities)
      .map(([key, value]) => `${key}=${value}`)
      .join(" "),
  ]);
  const head = ["sessions", "data_type", "suffix", "extension", "entities"];
  return [
    `${name} (${datasetType}, BIDS ${bidsVersion}): ${participants} participants, ${sessions} sessions`,
    ...(rows.length === 0 ? ["no file with a BIDS name"] : shortened(alignedTable([head, ...rows]), SHOWN + 1)),
  ].join("\n");
}

interface Session {
  readonly participant_id: string;
  readonly session_id: string;
}
/** The sessions with one file of a type, with none, and with several, of which a dataset would take none. */
export interface Found {
  readonly files: readonly (Session & { readonly path: string })[];
  readonly missing: readonly Session[];
  readonly ambiguous: readonly (Session & { readonly message: string })[];
  /** Folders with files of the suffix: where the type's own has none. */
  readonly folders: readonly string[];
}

export function sessionsWith(bids: Bids, fileType: BidsFileType): Found {
  const files: Found["files"][number][] = [];
  const missing: Session[] = [];
  const ambiguous: Found["ambiguous"][number][] = [];
  for (const [participantId, sessionId] of bids.getAllParticipantsSessions()) {
    const session = { participant_id: participantId, session_id: sessionId };
    try {
      const path = bids.findPath(fileType, { participantId, sessionId });
      if (path === null) missing.push(session);
      else files.push({ ...session, path });
    } catch (error) {
      if (!(error instanceof BidsError)) throw error;
      ambiguous.push({ ...session, message: error.message });
    }
  }
  const alike = files.length > 0 ? [] : fileKinds(bids).filter(({ suffix }) => suffix === fileType.suffix);
  return { files, missing, ambiguous, folders: [...new Set(alike.map(({ dataType }) => dataType ?? "."))] };
}

export function sessionsText(fileType: BidsFileType, { files, missing, ambiguous, folders }: Found): string {
  const listed = (title: string, sessions: readonly Session[]): string[] => {
    const lines = sessions.map((one) => `  ${one.participant_id} ${one.session_id}`);
    return lines.length === 0 ? [] : [`${title}: ${lines.length}`, ...shortened(lines, SHOWN)];
  };
  const [first] = files;
  return [
    String(fileType),
    `sessions with one such file: ${files.length}`,
    ...(first === undefined ? [] : [`  as ${first.path}`]),
    ...listed("with none", missing),
    ...listed("with several, of which none would be taken", ambiguous),
    ...(ambiguous[0] === undefined ? [] : [ambiguous[0].message]),
    ...(folders.length === 0
      ? []
      : [`Files that end with ${fileType.suffix} are in: ${folders.join(", ")} (--data-type).`]),
  ].join("\n");
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `  and ${lines.length - most} more (--json has all)`];
}
