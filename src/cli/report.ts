/** `npx clinicadl report`: one file that shows a MAPS, to send to a colleague. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../utils/exceptions.ts";
import { answer } from "../utils/output.ts";

interface Flags {
  readonly out: string;
  readonly tables?: string;
  readonly checkpoint?: string;
  readonly overwrite: boolean;
  readonly json: boolean;
}

export function registerReport(program: Command): void {
  program
    .command("report")
    .description(
      "Write what a MAPS shows into one HTML file: curves, folds, evaluations, the worst cases, where it ran, with which options, and its warnings. It names participants.",
    )
    .argument("<maps...>", "the directories of one MAPS or several, which are then shown side by side, too")
    .option("--out <file>", "the file", "report.html")
    .option("--tables <folder>", "write its tables as TSV, too, whole, into this folder")
    .option(
      "--checkpoint <name>",
      "which model of each split: best-<metric>, epoch-<n> or final (default: that of most results on groups, else final)",
    )
    .option("--overwrite", "replace files that are there", false)
    .option("--json", "print the files as JSON", false)
    .action(async (paths: string[], { out, tables, checkpoint, overwrite, json }: Flags) => {
      const { makeFolder, writeFileAtomic } = await import("../io/files/index.ts");
      const { formatTsv } = await import("../io/tsv/index.ts");
      const { makeReport } = await import("../view/report/index.ts");
      const report = makeReport(paths, checkpoint === undefined ? {} : { checkpoint });
      const file = resolve(out);
      const folder = tables === undefined ? null : resolve(tables);
      const contents: [path: string, content: string][] = [
        [file, report.html],
        ...(folder === null
          ? []
          : report.tables.map(({ name, rows, columns }): [string, string] => [
              join(folder, `${name}.tsv`),
              formatTsv([...rows], columns),
            ])),
      ];
      const there = contents.find(([path]) => existsSync(path));
      if (there !== undefined && !overwrite) {
        throw new ConfigError(
          `${there[0]} exists. Give another name: --out, --tables; or replace what is there: --overwrite.`,
        );
      }
      if (folder !== null) makeFolder(folder);
      for (const [path, content] of contents) writeFileAtomic(path, content, { overwrite });
      const written = contents.map(([path]) => path);
      answer(json ? JSON.stringify({ files: written }) : written.join("\n"));
    });
}
