// Copies of MAPS to work on, so that what was trained stays as it was.
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkpoints } from "./compare.mjs";
import { KEYS, readTable } from "./tables.mjs";

export function copyMaps(from, to) {
  cpSync(from, to, { recursive: true });
  return to;
}

/** A copy in which the checkpoints have lost their metrics, to be computed anew. */
export function copyWithoutMetrics(from, to) {
  copyMaps(from, to);
  for (const path of checkpoints(to)) {
    for (const file of ["aggregated.tsv", "details.tsv"]) {
      const table = join(to, path, "validation_metrics", file);
      const { columns, rows } = readTable(table);
      const kept = KEYS.filter((key) => columns.includes(key));
      const lines = [kept, ...rows.map((row) => kept.map((key) => row[key]))].map((cells) => cells.join("\t"));
      writeFileSync(table, `${lines.join("\n")}\n`);
    }
  }
  return to;
}
