import { closeSync, existsSync, readFileSync } from "node:fs";
import { naming } from "../../utils/file-errors.ts";
import { openRegular, writeFileAtomic } from "../files/index.ts";

/**
 * Writes `events.jsonl` anew, whole or not at all, with the lines for which `keep` holds; what is no whole line of JSON goes, too:
 * an interrupted writer left it. Untouched where all stays.
 */
export function keepEventLines(path: string, keep: (event: Readonly<Record<string, unknown>>) => boolean): void {
  if (!existsSync(path)) return;
  const text = readInside(path);
  const kept = text
    .split("\n")
    .filter((line) => {
      const event = parseObject(line);
      return event !== null && keep(event);
    })
    .map((line) => `${line}\n`)
    .join("");
  if (kept !== text) writeFileAtomic(path, kept);
}

function readInside(path: string): string {
  const descriptor = openRegular(path, { follow: false });
  try {
    return naming(path, () => readFileSync(descriptor, "utf8"));
  } finally {
    closeSync(descriptor);
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
