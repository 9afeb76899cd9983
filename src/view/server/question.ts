import { type EvaluationKey, readContents } from "../read/index.ts";
import { QuestionError, type Scope, type Shown } from "./shown.ts";

/** What the address of a request says after `?`. */
export class Question {
  readonly #query: Readonly<Record<string, string>>;
  readonly #shown: Shown;

  constructor(query: Readonly<Record<string, string>>, shown: Shown) {
    this.#query = query;
    this.#shown = shown;
  }

  /** The trial that is looked at; null where it is what was given. */
  get scope(): Scope | null {
    return this.optional("trial") === null ? null : { study: this.count("study"), trial: this.count("trial") };
  }

  /** Of the MAPS that are looked at. */
  get paths(): readonly string[] {
    return this.#shown.pathsOf(this.scope);
  }

  /** The path of the MAPS: `maps` counts from 0. */
  get maps(): string {
    const { paths } = this;
    const path = paths[this.count("maps")];
    if (path === undefined) throw new QuestionError(`There are ${paths.length} MAPS, and no ${this.text("maps")}.`);
    return path;
  }

  /** The directory of the study: `study` counts from 0. */
  get study(): string {
    return this.#shown.study(this.count("study"));
  }

  text(name: string): string {
    const value = this.#query[name];
    if (value === undefined) throw new QuestionError(`'${name}' is missing.`);
    return value;
  }
  optional(name: string): string | null {
    return this.#query[name] ?? null;
  }
  count(name: string): number {
    const text = this.text(name);
    if (!/^\d{1,9}$/.test(text)) throw new QuestionError(`'${name}' is ${JSON.stringify(text)}, and no number.`);
    return Number(text);
  }

  /** One of the evaluations of the MAPS: what is asked for never becomes a path. */
  get evaluation(): EvaluationKey {
    const [name, checkpoint, group] = [this.text("models"), this.text("checkpoint"), this.optional("group")];
    const found = evaluationKeysOf(this.maps).find(
      (one) => one.name === name && one.key.checkpoint === checkpoint && one.key.group === group,
    );
    if (found === undefined)
      throw new QuestionError(`There is no evaluation of ${name}_${checkpoint} on ${group ?? "validation data"}.`);
    return found.key;
  }
}

/** What an evaluation of a MAPS is found by, with the name of its models: `split-0`, `ensemble-0-1`. */
export interface NamedKey {
  readonly name: string;
  readonly key: EvaluationKey;
}

/** The evaluations of a MAPS: of validation data, then of the groups that were tested or predicted. */
export function evaluationKeysOf(path: string): NamedKey[] {
  const { splits, tests, predictions } = readContents(path);
  const validations = splits.flatMap(({ index, checkpoints }) =>
    checkpoints.map((checkpoint) => ({ name: `split-${index}`, key: { models: index, checkpoint, group: null } })),
  );
  const known = new Set<string>();
  const groups = [...tests, ...predictions].flatMap(({ name: group, results }) =>
    results.flatMap(({ models, name, checkpoint }) => {
      const id = JSON.stringify([group, name, checkpoint]);
      if (known.has(id)) return [];
      known.add(id);
      return { name, key: { models, checkpoint, group } };
    }),
  );
  return [...validations, ...groups];
}
