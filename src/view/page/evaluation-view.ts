import { ask, queryOf } from "./ask.ts";
import type { ChosenEvaluation } from "./choose-evaluation.ts";
import { drawing, make, shown } from "./dom.ts";
import { plainTable } from "./table.ts";
import { nothing, type Page, type View } from "./view.ts";

/** The metrics of one evaluation, with their intervals. */
export class EvaluationView implements View {
  readonly id = "evaluation";
  readonly title = "Evaluation";
  readonly #evaluation: ChosenEvaluation;

  constructor(evaluation: ChosenEvaluation) {
    this.#evaluation = evaluation;
  }

  async show(place: HTMLElement, page: Page): Promise<void> {
    const chosen = this.#evaluation.of(page);
    if (chosen === null) return place.append(nothing("Nothing was evaluated yet."));
    const query = queryOf(page.chosen, chosen);
    const [evaluation, figures] = await Promise.all([ask("evaluation", query), ask("figures", query)]);
    this.#evaluation.offer(place, page, this);
    if (!evaluation.found) return place.append(nothing(evaluation.reason));
    const { metrics, intervals, samples, missing } = evaluation.value;
    const rows = Object.entries(metrics).map(([metric, value]) => {
      const bounds = intervals[metric];
      const interval =
        bounds === undefined
          ? "–"
          : `${shown(bounds.lower)} to ${shown(bounds.upper)} (${shown(bounds.level * 100)} %)`;
      return [metric, shown(value), interval];
    });
    if (rows.length > 0) place.append(plainTable([["Metric", `Over ${samples.length} samples`, "Interval"], ...rows]));
    if (figures.length > 0) place.append(make("h2", {}, "All splits with this model"));
    place.append(make("div", { class: "charts" }, ...figures.map(({ svg }) => drawing(svg))));
    for (const reason of missing) place.append(nothing(reason));
  }
}
