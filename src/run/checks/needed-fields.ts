import { type DatasetLike, UnpairedDataset } from "../../data/datasets/index.ts";
import { type Sample, samplesOf } from "../../data/structures/index.ts";
import type { Row } from "../../io/tsv/index.ts";
import { type Accepted, accepts } from "../../losses/index.ts";
import type { MetricsHandler } from "../../metrics/index.ts";
import { type Model, type NeededField, VanillaModel } from "../../models/index.ts";
import type { Split } from "../../split/index.ts";
import { show } from "../../utils/config.ts";
import { DataFrameError } from "../../utils/exceptions.ts";

const NAMED_ROWS = 10;

/** Data, and how messages name them. */
interface Side {
  readonly dataset: DatasetLike;
  readonly what: string;
}

/**
 * Checks that the samples of both sides hold what the loss and the metrics need, for all rows, before anything is written:
 * else a label that is missing in the validation data is found when the first epoch is over.
 * @throws DataFrameError naming participant, session, column and value of each bad row.
 */
export async function checkTrainingFields(model: Model, metrics: MetricsHandler, split: Split): Promise<void> {
  const training = { dataset: split.trainDataset, what: "training data" };
  const validation = { dataset: split.valDataset, what: "validation data" };
  for (const need of model.neededFields()) await checkField(training, need, validation);
  await checkEvaluationFields(model, metrics, validation, training);
}

/** Checks that the samples hold what the metrics need. @throws as {@link checkTrainingFields} */
export async function checkEvaluationFields(
  model: Model,
  metrics: MetricsHandler,
  side: Side,
  other: Side | null = null,
): Promise<void> {
  // what another evaluationStep makes of the batch is not known
  const added = model instanceof VanillaModel ? model.addedFields : null;
  if (added === null) return;
  const ofModel = model.neededFields();
  const checked = new Set<string>();
  for (const need of metrics.neededFields()) {
    if (added.includes(need.field)) continue;
    // of the loss, the model knows how many classes there are
    const known = ofModel.find(({ field, accepted }) => field === need.field && accepted?.by === need.accepted?.by);
    const key = `${need.field} ${need.by}`;
    if (checked.has(key)) continue;
    checked.add(key);
    await checkField(side, known ?? need, other);
  }
}

/** @param other data of the same table. */
async function checkField(side: Side, need: NeededField, other: Side | null): Promise<void> {
  const { dataset, what } = side;
  const { field, accepted } = need;
  // every sample has one
  if (field === "image") return;
  // its members are tables of their own: what one lacks is no cell that is missing
  if (dataset instanceof UnpairedDataset) {
    const having = dataset.datasets.filter((one) => one.df.some((row) => field in row) && carries(one, field));
    for (const one of having) await checkField({ dataset: one, what }, need, null);
    if (having.length === 0) await requireField(dataset, what, need);
    return;
  }
  if (!dataset.df.some((row) => field in row) || !carries(dataset, field)) {
    await requireField(dataset, what, need);
    return;
  }
  const bad = dataset.df.flatMap((row) => {
    const value = row[field] ?? null;
    if (typeof value === "boolean") return [];
    const isNumber = typeof value === "number" && Number.isFinite(value);
    return isNumber && (accepted === null || accepts(accepted, value)) ? [] : [{ row, value }];
  });
  const words = bad.filter(({ value }) => !isNumberAsText(value));
  const wrong = words.length > 0 ? words : bad;
  const [first] = wrong;
  // a dataset may make something else of the cell
  if (first === undefined || !(await isCell(dataset, first.row, field))) return;
  // one word among numbers makes text of the whole column: it is the word that is wrong, on whichever side it is
  const isWord = ({ [field]: value }: Row) => typeof value === "string" && !isNumberAsText(value);
  if (words.length === 0 && other?.dataset.df.some(isWord) === true) return checkField(other, need, null);
  const named = wrong
    .slice(0, NAMED_ROWS)
    .map(({ row, value }) => `(${row.participant_id}, ${row.session_id}): '${field}' is ${shown(value)}`);
  const more = wrong.length > NAMED_ROWS ? `; and ${wrong.length - NAMED_ROWS} more` : "";
  throw new DataFrameError(
    `The ${what} cannot be used. ${named.join("; ")}${more}. The column holds ${valuesOf(dataset, field)}; ${need.by} takes ${accepted?.expected ?? "numbers"}. ${remedyFor(wrong, accepted, field)}`,
  );
}

/** A number that is the text of a column with a word in it. */
function isNumberAsText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
}

/** The different values of a column, a few of them. */
function valuesOf(dataset: DatasetLike, field: string): string {
  const values = [...new Set(dataset.df.map((row) => row[field] ?? null))].map((value) =>
    value === null ? "n/a" : show(value),
  );
  return `${values.slice(0, NAMED_ROWS).join(", ")}${values.length > NAMED_ROWS ? ", …" : ""}`;
}

function shown(value: unknown): string {
  return value === null ? "missing (n/a or empty)" : show(value);
}

function remedyFor(bad: readonly { readonly value: unknown }[], accepted: Accepted | null, field: string): string {
  if (bad.every(({ value }) => value === null)) return "Leave these sessions out, or fill the cells in.";
  const isText = bad.some(({ value }) => typeof value === "string");
  if (accepted !== null && !isText) return accepted.remedy;
  return `Give numbers: columns: { ${field}: (column) => column.map((value) => …) } of BidsDataset makes them of text.`;
}

/** Whether samples have the column, as far as the dataset says which they have. */
function carries(dataset: DatasetLike, field: string): boolean {
  if (!("columns" in dataset) || !Array.isArray(dataset.columns)) return true;
  return dataset.columns.includes(field);
}

/** Looks for the field in the first sample, where no table knows it: it may be a mask, or what a transform adds. */
async function requireField(dataset: DatasetLike, what: string, { field, by }: NeededField): Promise<void> {
  using samples = await samplesAt(dataset, 0);
  const names = new Set(samples.list.flatMap(({ images, fields }) => [...images.keys(), ...fields.keys()]));
  if (names.has(field)) return;
  const has = [...names].map((name) => `'${name}'`).join(", ");
  throw new DataFrameError(
    `The samples of the ${what} have no field '${field}', which ${by} needs; they have ${has}. Give BidsDataset the column (columns: ["${field}"]) or the mask, or choose another labelKey.`,
  );
}

/** The sample of a number, or those that belong together; disposed of with what holds them. */
async function samplesAt(
  dataset: DatasetLike,
  index: number,
): Promise<Disposable & { readonly list: readonly Sample[] }> {
  const list = samplesOf(await dataset.get(index));
  const dispose = () => {
    for (const sample of list) sample.dispose();
  };
  return { list, [Symbol.dispose]: dispose };
}

/** Whether the sample of this row holds what stands in its cell. */
async function isCell(dataset: DatasetLike, row: DatasetLike["df"][number], field: string): Promise<boolean> {
  for (let i = 0; i < dataset.length; i++) {
    if (dataset.getSampleInfo(i, "participant_id") !== row.participant_id) continue;
    if (dataset.getSampleInfo(i, "session_id") !== row.session_id) continue;
    using samples = await samplesAt(dataset, i);
    const cell = row[field] ?? null;
    return samples.list.some(({ fields }) => fields.has(field) && Object.is(fields.get(field) ?? null, cell));
  }
  return false;
}
