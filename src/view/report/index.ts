/** A report of one MAPS or several: one file to send to a colleague, and its tables. */
import { basename, resolve } from "node:path";
import { Maps } from "../../io/maps/index.ts";
import type { Cell, Row } from "../../io/tsv/index.ts";
import { compare } from "../../train/compare.ts";
import type { JsonValue } from "../../utils/config.ts";
import { packageVersion } from "../../utils/environment.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { fileName, withOwnNames } from "../gallery/index.ts";
import { type Part, partOf } from "../read/index.ts";
import { type ReportedExperiment, readExperiment } from "./experiment.ts";
import { drawn, folded, type Html, html, section, table } from "./html.ts";
import { page } from "./page.ts";
import type { ReportTable } from "./tables.ts";

export type { ReportTable } from "./tables.ts";

/** What a report shows. */
export interface ReportOptions {
  /** Which model of each split: `best-<metric>`, `epoch-<n>` or `final`. Default: `final`, or the first that there is. */
  readonly checkpoint?: string;
}

/** A report: its page, and the tables in it. */
export interface Report {
  /** One HTML file, which asks nothing of another host. */
  readonly html: string;
  /** Names are different, and can be those of files. */
  readonly tables: readonly ReportTable[];
}

/**
 * The report of one MAPS or several.
 *
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { makeReport } from "clinicadl/view/report";
 * writeFileSync("report.html", makeReport(["maps"]).html);
 * ```
 *
 * @throws ConfigError for none; ClinicaDLException for a path that is no MAPS.
 */
export function makeReport(paths: readonly string[], { checkpoint }: ReportOptions = {}): Report {
  if (paths.length === 0) throw new ConfigError("A report is of at least one MAPS: give the path of one.");
  const twice = paths.find((path, i) => paths.findIndex((other) => resolve(other) === resolve(path)) < i);
  if (twice !== undefined) throw new ConfigError(`${twice} is given twice. Give each MAPS once.`);
  const names = namesOf(paths);
  const experiments = paths.map((path, i) => readExperiment(path, names[i] ?? path, checkpoint));
  const several = experiments.length > 1;
  const compared = several ? comparison(experiments) : [];
  const title = names.join(", ");
  const content = [
    html`<header><h1>${title}</h1><p class="note">${several ? `${experiments.length} trainings side by side, and one after the other.` : "A training, and what its models gave."}</p></header>`,
    ...(several ? [html`<h2>Side by side</h2>`, ...compared.map(comparedPart)] : []),
    ...experiments.flatMap((experiment) => [
      several ? html`<h2>${experiment.name}</h2>` : html``,
      ...contentOf(experiment),
    ]),
    html`<footer>Made by clinicadl ${packageVersion()} from files alone.</footer>`,
  ];
  const tables = experiments.flatMap((experiment) => {
    const { splits, folds, cases, resources } = experiment;
    const own = [splits, ...folds, ...cases, resources].filter(({ rows }) => rows.length > 0);
    return own.map((one) => ({ ...one, name: fileName(several ? `${experiment.name}-${one.name}` : one.name) }));
  });
  return {
    html: page(title, ...content),
    tables: withOwnNames([...compared.filter(({ rows }) => rows.length > 0), ...tables]),
  };
}

/** The names of the folders, or the paths where several have the same. */
function namesOf(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => basename(resolve(path)));
  return new Set(names).size === names.length ? names : paths;
}

function contentOf(experiment: ReportedExperiment): Html[] {
  const { path, splits, folds, figures, cases, resources, environment, warnings } = experiment;
  const training = figures.filter(({ part }) => part === "training");
  const evaluation = figures.filter(({ part }) => part === "evaluation");
  return [
    html`<p class="path">${path}</p>`,
    table(splits),
    ...folds.map((one) => table(one)),
    section("Training", ...gallery(training)),
    section("Evaluations", ...gallery(evaluation)),
    ...cases.map((one) => table(one)),
    table(resources),
    section("Environment", ...environmentOf(environment)),
    section("Configuration", ...configurationOf(experiment)),
    section(
      "Warnings",
      ...warnings.map(({ file, messages }) =>
        folded(
          file,
          messages.found
            ? messages.value.map(({ time, text }) => `${time} ${text}`.trim()).join("\n\n")
            : messages.reason,
        ),
      ),
    ),
  ];
}

function gallery(figures: ReportedExperiment["figures"]): Html[] {
  if (figures.length === 0) return [];
  const drawings = figures.map(({ draw }) => html`<figure>${drawn(draw({ ground: "page", width: 480 }))}</figure>`);
  return [html`<div class="figures">${drawings}</div>`];
}

function environmentOf(environment: ReportedExperiment["environment"]): Html[] {
  if (!environment.found) return [html`<p class="note">${environment.reason}</p>`];
  const { facts, packages } = environment.value;
  return [
    folded("Where it ran", facts.map(([name, value]) => `${name}: ${value}`).join("\n")),
    folded(`Packages (${packages.length})`, packages.join("\n")),
  ];
}

function configurationOf({ configuration }: ReportedExperiment): Html[] {
  const { model, optimization, metrics, callbacks, computational, experiment, architecture, networkSummary } =
    configuration;
  const json = (title: string, part: Part<JsonValue>): Html =>
    folded(
      title,
      part.found ? (typeof part.value === "string" ? part.value : JSON.stringify(part.value, null, 2)) : part.reason,
    );
  const text = (title: string, part: Part<string>): Html[] => (part.found ? [folded(title, part.value)] : []);
  return [
    ...text("Experiment file", experiment),
    json("Model", model),
    ...text("Architecture", architecture),
    ...text("Layers", networkSummary),
    json("Optimization", optimization),
    json("Metrics", metrics),
    json("Callbacks", callbacks),
    ...computational.map(({ split, value }) => json(`Computation of split ${split}`, value)),
  ];
}

/** A table, or why there is none. */
function comparedPart(one: ReportTable): Html {
  return one.rows.length === 0 && one.note !== ""
    ? section(one.title, html`<p class="note">${one.note}</p>`)
    : table(one);
}

/** Metrics on the validation data side by side, and the options that differ. */
function comparison(experiments: readonly ReportedExperiment[]): ReportTable[] {
  const maps = experiments.map(({ path }) => new Maps(path));
  const [first] = experiments;
  const found = partOf(() => compare(maps, { checkpoint: first?.checkpoint ?? "final" }));
  const title = "Metrics on the validation data";
  if (!found.found) return [{ name: "comparison", title, note: found.reason, columns: [], rows: [] }];
  const perExperiment = (cells: (i: number) => readonly (readonly [string, Cell])[]): Row =>
    Object.fromEntries(
      experiments.flatMap(({ name }, i) =>
        cells(i).map(([what, cell]) => [what === "" ? name : `${name} ${what}`, cell] as const),
      ),
    );
  const metrics = found.value.metrics.map(
    ({ metric, summaries, differences }): Row => ({
      metric,
      ...perExperiment((i) => {
        const [summary, difference] = [summaries[i] ?? null, differences[i] ?? null];
        const own = [
          ["mean", finite(summary?.mean)],
          ["sd", finite(summary?.sd)],
          ["n", summary?.n ?? null],
        ] as const;
        return i === 0
          ? own
          : [...own, ["above the first", finite(difference?.mean)], ["sd above the first", finite(difference?.sd)]];
      }),
    }),
  );
  const options = found.value.options.map(
    ({ path, values }): Row => ({
      option: path,
      ...perExperiment((i) => [["", values[i] === undefined ? null : JSON.stringify(values[i])]]),
    }),
  );
  return [
    {
      name: "comparison",
      title,
      note: "Mean and standard deviation over splits; differences from the first, split by split, where both validated on the same data.",
      columns: Object.keys(metrics[0] ?? {}),
      rows: metrics,
    },
    { name: "options", title: "Options that differ", note: "", columns: Object.keys(options[0] ?? {}), rows: options },
  ];
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
