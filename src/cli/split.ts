/** `npx clinicadl split`: participants cut into folds, or a test set put aside, and what each holds. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { ReportRow, SplitReport } from "../split/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { answer, say } from "../utils/output.ts";
import { count, parseNumber } from "./numbers.ts";
import { alignedTable, shownNumber } from "./table.ts";

interface Flags {
  readonly folds?: number;
  readonly test?: number;
  readonly leaveOut?: string;
  readonly output?: string;
  readonly stratification?: string[];
  readonly groups?: string;
  readonly repeats?: number;
  readonly longitudinal: boolean;
  readonly seed?: number;
  readonly report: string[];
  readonly json: boolean;
}

export function registerSplit(program: Command): void {
  program
    .command("split")
    .description(
      "Cut the participants of a table into folds, or put a test set aside, and show what each side holds. The folder is what `split: { directory: … }` of an experiment takes.",
    )
    .argument("<table>", "a TSV with participant_id, and session_id where there are sessions")
    .option("--folds <n>", "as many folds (makeKFold)", count(2))
    .option("--test <share>", "put this share, or number from 1 on, of the participants aside (makeSplit)", parseNumber)
    .option("--leave-out <column>", "a split for each value of a column, as a site (makeLeaveOneGroupOut)")
    .option("--output <folder>", "the folder in which it is made (default: that of the table)")
    .option("--stratification <column...>", "columns that both sides have alike")
    .option("--groups <column>", "who has the same value (a family) stays on one side")
    .option("--repeats <n>", "deal out the folds as many times", count(1))
    .option("--longitudinal", "validate on all sessions, not on the first only", false)
    .option("--seed <n>", "the same seed gives the same split (default: drawn)", count(0))
    .option(
      "--report <column...>",
      "columns of which to show what each side holds (default: those of --stratification)",
      [],
    )
    .option("--json", "print it as JSON", false)
    .action(async (table: string, flags: Flags) => {
      const { reportSplits } = await import("../split/index.ts");
      const folder = resolve(await makeAsked(table, flags));
      const columns = flags.report.length > 0 ? flags.report : (flags.stratification ?? []);
      const report = reportSplits(folder, table, { columns });
      answer(flags.json ? JSON.stringify({ folder, ...report }) : `${reportText(report)}\n${folder}`);
      if (!flags.json) for (const warning of report.warnings) say(`Warning: ${warning}`);
    });
}

/** @throws ConfigError unless exactly one kind of split is asked for, with options that it has. */
async function makeAsked(table: string, flags: Flags): Promise<string> {
  const { makeKFold, makeLeaveOneGroupOut, makeSplit } = await import("../split/index.ts");
  const { folds, test, leaveOut, output, stratification, groups, repeats, longitudinal, seed } = flags;
  const asked = { "--folds": folds, "--test": test, "--leave-out": leaveOut };
  const given = Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length !== 1) {
    throw new ConfigError(`Give one of ${Object.keys(asked).join(", ")}; got ${given.join(", ") || "none"}.`);
  }
  const common = { longitudinal, ...(output === undefined ? {} : { outputDir: output }) };
  const drawn = {
    ...(stratification === undefined ? {} : { stratification }),
    ...(groups === undefined ? {} : { groups }),
    ...(seed === undefined ? {} : { seed }),
  };
  if (test !== undefined) {
    refuse("--test", { "--repeats": repeats });
    return makeSplit(table, { ...common, ...drawn, nTest: test });
  }
  if (leaveOut !== undefined) {
    refuse("--leave-out", {
      "--repeats": repeats,
      "--stratification": stratification,
      "--groups": groups,
      "--seed": seed,
    });
    return makeLeaveOneGroupOut(table, { ...common, groups: leaveOut });
  }
  return makeKFold(table, {
    ...common,
    ...drawn,
    ...(folds === undefined ? {} : { nSplits: folds }),
    ...(repeats === undefined ? {} : { repeats }),
  });
}

function refuse(kind: string, options: Readonly<Record<string, unknown>>): void {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length > 0) throw new ConfigError(`${kind} does not go with ${given.join(", ")}.`);
}

function reportText({ rows }: SplitReport): string {
  const what = ({ column, value, statistic }: ReportRow): string =>
    column === null ? statistic : `${column}${value === null ? "" : ` = ${value}`}: ${statistic}`;
  const cell = (value: number | null): string => (value === null ? "" : shownNumber(value));
  const lines = rows.map((row) => [String(row.split), what(row), cell(row.train), cell(row.other)]);
  return alignedTable([["split", "", "train", "other"], ...lines]).join("\n");
}
