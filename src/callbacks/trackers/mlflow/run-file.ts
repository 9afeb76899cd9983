import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../../io/files/folders.ts";
import { writeJson } from "../../../io/json/file.ts";

const schema = z.strictObject({ tracking_uri: z.string(), experiment_id: z.string(), run_id: z.string() });

/** Which run of which server is that of a split or a MAPS: `.clinicadl-ts/mlflow.json` of its folder. */
export type RunPlace = z.output<typeof schema>;

/** What the file says; null where there is none, or a process was killed while it wrote it. */
export function readRun(path: string): RunPlace | null {
  if (!existsSync(path)) return null;
  const text = readFileSync(path, "utf8");
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function writeRun(path: string, place: RunPlace): void {
  writeJson(path, place, { overwrite: true });
}

/**
 * Writes the file unless another process was faster.
 * @param before what it said when this process decided to write it.
 * @returns whether it did.
 */
export function claimRun(path: string, before: RunPlace | null, place: RunPlace): boolean {
  const now = readRun(path);
  if (now?.run_id !== before?.run_id) return false;
  if (existsSync(path)) {
    writeRun(path, place);
    return true;
  }
  makeFolder(dirname(path));
  try {
    writeFileSync(path, `${JSON.stringify(place)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
