import type { Comparison } from "../../train/compare.ts";
import type { Curves, Evaluation, Log, Part } from "../read/index.ts";
import type { Drawn, DrawnFolds, DrawnStudy, Experiment, Setup } from "../server/answers.ts";
import type { Layers } from "../server/layers.ts";
import type { News } from "../server/news.ts";
import type { NamedKey } from "../server/question.ts";
import { SCOPE, scoped } from "./scope.ts";

/** What the server answers, by what is asked. */
interface Answers {
  readonly experiments: readonly Experiment[];
  readonly curves: Curves;
  readonly folds: Part<DrawnFolds>;
  readonly evaluation: Part<Evaluation>;
  readonly figures: readonly Drawn[];
  readonly setup: Setup;
  readonly messages: { readonly warnings: readonly Log[]; readonly logs: readonly Log[] };
  readonly comparison: Part<Comparison>;
  readonly layers: Part<Layers>;
  readonly studies: readonly string[];
  readonly study: Part<DrawnStudy>;
}
export type Query = Readonly<Record<string, string | number>>;

/** The address of something that the server has. */
export function addressOf(what: string, query: Query): string {
  return scoped(`/api/${what}`, { ...SCOPE, ...query });
}

/** @throws Error with the reason that the server gives. */
export async function ask<What extends keyof Answers>(what: What, query: Query = {}): Promise<Answers[What]> {
  const response = await fetch(addressOf(what, query));
  const answer = await response.json();
  if (!response.ok) throw new Error(typeof answer.reason === "string" ? answer.reason : response.statusText);
  return answer;
}

/** How an evaluation is asked for. */
export function queryOf(maps: number, { name, key }: NamedKey): Query {
  return { maps, models: name, checkpoint: key.checkpoint, ...(key.group === null ? {} : { group: key.group }) };
}

export interface Listener {
  /** From now on news come: what was before is to be read. Again after an interruption. */
  ready(): void;
  news(news: News): void;
  lost(): void;
}

/** Hears what is new; the browser connects again by itself. */
export function listen({ ready, news, lost }: Listener): void {
  const source = new EventSource(addressOf("news", {}));
  source.addEventListener("ready", ready);
  source.addEventListener("message", ({ data }) => news(JSON.parse(data)));
  source.addEventListener("error", lost);
}
