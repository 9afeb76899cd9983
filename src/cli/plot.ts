/** `npx clinicadl plot`: the figures of a MAPS as files, for a paper or a talk. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { ConfigError } from "../utils/exceptions.ts";
import { answer } from "../utils/output.ts";
import { count, splitList } from "./numbers.ts";

interface Flags {
  readonly split?: number[];
  readonly metric?: string[];
  readonly checkpoint?: string;
  readonly group?: string;
  readonly out: string;
  readonly format: "svg" | "png" | "both";
  readonly dark: boolean;
  readonly width?: number;
  readonly overwrite: boolean;
  readonly json: boolean;
}

export function registerPlot(program: Command): void {
  program
    .command("plot")
    .description(
      "Draw the figures of a MAPS: curves, folds, and of groups that were tested and predicted ROC, precision and recall, confusion, calibration, or residuals.",
    )
    .argument("<maps>", "the directory of the MAPS")
    .option("--split <list>", "which splits, as 0,2 (default: all)", splitList)
    .option("--metric <name...>", "only the figures of these metrics and losses (default: all figures)")
    .option(
      "--checkpoint <name>",
      "which model of each split: best-<metric>, epoch-<n> or final (default: that of most results on groups, else final)",
    )
    .option("--group <name>", "only what the models gave on this group")
    .option("--out <folder>", "where the files go", "figures")
    .addOption(new Option("--format <format>", "of the files").choices(["svg", "png", "both"]).default("svg"))
    .option("--dark", "for a dark slide", false)
    .option("--width <pixels>", "of a figure (default: its own)", count(100))
    .option("--overwrite", "replace files that are there", false)
    .option("--json", "print the files as JSON", false)
    .action(async (path: string, flags: Flags) => {
      const { makeFolder, writeFileAtomic } = await import("../io/files/index.ts");
      const { readGallery, svgToPng } = await import("../view/gallery/index.ts");
      const { split, metric, checkpoint, group, format } = flags;
      const figures = readGallery(path, {
        ...(split === undefined ? {} : { splits: split }),
        ...(metric === undefined ? {} : { metrics: metric }),
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(group === undefined ? {} : { group }),
      });
      if (figures.length === 0) {
        throw new ConfigError(
          `There is nothing to draw of ${path}: no curve, and no model's metrics or outputs of what was asked for. Figures of outputs need \`clinicadl predict\`.`,
        );
      }
      const formats = format === "both" ? (["svg", "png"] as const) : ([format] as const);
      const folder = resolve(flags.out);
      const files = figures.flatMap((figure) =>
        formats.map((kind) => ({ figure, kind, file: join(folder, `${figure.name}.${kind}`) })),
      );
      const there = files.find(({ file }) => existsSync(file));
      if (there !== undefined && !flags.overwrite) {
        throw new ConfigError(
          `${there.file} exists. Give another folder: --out; or replace what is there: --overwrite.`,
        );
      }
      makeFolder(folder);
      const look = {
        ground: flags.dark ? "dark" : "light",
        ...(flags.width === undefined ? {} : { width: flags.width }),
      } as const;
      for (const { figure, kind, file } of files) {
        const svg = figure.draw(look);
        writeFileAtomic(file, kind === "svg" ? svg : await svgToPng(svg), { overwrite: flags.overwrite });
      }
      const written = files.map(({ file }) => file);
      answer(flags.json ? JSON.stringify({ files: written }) : written.join("\n"));
    });
}
