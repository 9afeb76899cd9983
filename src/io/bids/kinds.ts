import { join } from "node:path";
import type { Bids } from "./bids.ts";
import { entriesIn, filesOf, folderNames, scanFiles } from "./scan.ts";

/** Files of a BIDS dataset that have the same folder and the same name, but for whose they are. */
export interface FileKind {
  /** The folder below the session, as `anat`; null where there is none. */
  readonly dataType: string | null;
  readonly suffix: string;
  readonly extension: string;
  /** What their names say besides participant and session. */
  readonly entities: Readonly<Record<string, string>>;
  /** How many sessions have such a file. */
  readonly sessions: number;
}

/** What else a kind is told apart by: the number of a repetition says nothing about what an image shows. */
const WHOSE = new Set(["sub", "ses", "run"]);

/**
 * What kinds of files the sessions of a dataset have, those of most sessions first; each is one that a `BidsFileType` can ask for. Files
 * without a BIDS name are left out.
 * @example
 * ```ts
 * for (const { dataType, suffix, sessions } of fileKinds(new Bids("bids"))) console.log(dataType, suffix, sessions); // → anat T1w 16
 * ```
 */
export function fileKinds(bids: Bids): FileKind[] {
  const found = new Map<string, Omit<FileKind, "sessions"> & { readonly sessions: Set<string> }>();
  const participants = folderNames(entriesIn(bids.participantsDir)).filter((name) => name.startsWith("sub-"));
  for (const participant of participants) {
    for (const file of scanFiles(join(bids.participantsDir, participant)).flatMap(filesOf)) {
      const [, session = "", below = file.folder] = /^(ses-[^/]+)(?:\/(.*))?$/.exec(file.folder) ?? [];
      const dataType = below === "." || below === "" || below === session ? null : below;
      const { suffix, extension } = file.name;
      const entities = Object.fromEntries([...file.name.entities].filter(([key]) => !WHOSE.has(key)));
      const key = JSON.stringify([dataType, suffix, extension, entities]);
      const kind = found.get(key) ?? { dataType, suffix, extension, entities, sessions: new Set() };
      kind.sessions.add(`${participant}/${session}`);
      found.set(key, kind);
    }
  }
  return [...found.values()]
    .map((kind) => ({ ...kind, sessions: kind.sessions.size }))
    .sort((a, b) => b.sessions - a.sessions);
}
