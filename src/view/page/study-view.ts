import type { StudyTrial } from "../read/index.ts";
import { ask } from "./ask.ts";
import { choice, drawing, make, shown } from "./dom.ts";
import { scoped } from "./scope.ts";
import { type Column, type Sorted, sortable } from "./table.ts";
import { nothing, type Page, type View } from "./view.ts";

/** The trials of a sweep: their values as a table and as figures, while they are trained and later. */
export class StudyView implements View {
  readonly id = "study";
  readonly title = "Study";
  readonly #names: readonly string[];
  #study = 0;
  #sorted: Sorted = { column: "Trial", isDown: false };
  #place: HTMLElement | null = null;

  /** @param names of the studies. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  async show(place: HTMLElement, page: Page): Promise<void> {
    this.#place = make("div");
    if (this.#names.length > 1) {
      const options = this.#names.map((name, i) => [String(i), name] as const);
      const chosen = choice("Study", options, String(this.#study), (value) => {
        this.#study = Number(value);
        void this.grow(page);
      });
      place.append(make("div", { class: "controls" }, chosen));
    }
    place.append(this.#place);
    await this.grow(page);
  }

  /** What is there is replaced: how it was sorted stays. */
  async grow(_page: Page): Promise<void> {
    const [place, index] = [this.#place, this.#study];
    if (place === null) return;
    const found = await ask("study", { study: index });
    if (place !== this.#place || index !== this.#study) return;
    if (!found.found) return place.replaceChildren(nothing(found.reason));
    const { study, svgs } = found.value;
    const { trials, best, metric, direction } = study;
    const count = (state: StudyTrial["state"]) => trials.filter((trial) => trial.state === state).length;
    const states = (["running", "interrupted", "complete", "pruned", "failed"] as const).filter(
      (state) => count(state) > 0,
    );
    const value = trials.find(({ number }) => number === best)?.score;
    const said = [
      ...states.map((state) => `${count(state)} ${state}`),
      best === null
        ? "no trial is complete yet"
        : `best (${direction === "min" ? "least" : "greatest"} ${metric}): trial ${best}, ${shown(value)}`,
    ];
    const columns = columnsOf(
      trials,
      metric,
      study.parameters.map(({ name }) => name),
      ({ number }) => scoped("/", { study: index, trial: number }),
    );
    place.replaceChildren(
      make("p", {}, said.join(" · ")),
      sortable(trials, columns, this.#sorted, (sorted) => {
        this.#sorted = sorted;
      }),
      make("div", { class: "charts" }, ...svgs.map(drawing)),
    );
  }
}

function columnsOf(
  trials: readonly StudyTrial[],
  metric: string,
  parameters: readonly string[],
  addressOf: (trial: StudyTrial) => string,
): Column<StudyTrial>[] {
  const isSpread = trials.some(({ sd }) => sd !== null);
  return [
    {
      name: "Trial",
      value: ({ number }) => number,
      cell: (trial) => make("a", { href: addressOf(trial) }, `trial ${trial.number}`),
    },
    { name: metric, value: ({ score }) => score, cell: ({ score }) => shown(score) },
    ...(isSpread ? [{ name: "sd", value: ({ sd }: StudyTrial) => sd, cell: ({ sd }: StudyTrial) => shown(sd) }] : []),
    { name: "State", value: ({ state }) => state, cell: ({ state }) => state },
    { name: "Epochs", value: ({ epochs }) => epochs, cell: ({ epochs }) => String(epochs) },
    ...parameters.map(
      (name): Column<StudyTrial> => ({
        name,
        value: ({ values }) => sortedBy(values[name]),
        cell: ({ values }) => textOf(values[name]),
      }),
    ),
  ];
}

function sortedBy(value: unknown): number | string | null {
  return typeof value === "number" ? value : value === undefined ? null : textOf(value);
}
function textOf(value: unknown): string {
  if (typeof value === "number") return shown(value);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
}
