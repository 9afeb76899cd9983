import { ask } from "./ask.ts";
import { choice, drawing, make, shown } from "./dom.ts";
import { plainTable } from "./table.ts";
import { nothing, type Page, type View } from "./view.ts";

/** The metrics of the saved models over the folds. */
export class FoldsView implements View {
  readonly id = "folds";
  readonly title = "Folds";
  #checkpoint: string | null = null;
  #group = "";

  async show(place: HTMLElement, page: Page): Promise<void> {
    const contents = page.experiments[page.chosen]?.contents;
    if (contents?.found !== true) return place.append(nothing(contents?.reason ?? "There is no such experiment."));
    const { splits, tests } = contents.value;
    const checkpoints = [...new Set(splits.flatMap((split) => split.checkpoints))];
    const [first] = checkpoints;
    if (first === undefined) return place.append(nothing("No model is saved yet: there is nothing to compare."));
    const usual = checkpoints.includes("final") ? "final" : first;
    const checkpoint = this.#checkpoint !== null && checkpoints.includes(this.#checkpoint) ? this.#checkpoint : usual;
    const groups = ["", ...tests.map(({ name }) => name)];
    const group = groups.includes(this.#group) ? this.#group : "";
    const again = async (): Promise<void> => {
      place.replaceChildren();
      await this.show(place, page);
    };
    const folds = await ask("folds", { maps: page.chosen, checkpoint, ...(group === "" ? {} : { group }) });
    place.append(
      make(
        "div",
        { class: "controls" },
        choice(
          "Model",
          checkpoints.map((name) => [name, name]),
          checkpoint,
          (value) => {
            this.#checkpoint = value;
            void again();
          },
        ),
        choice(
          "Data",
          groups.map((name) => [name, name === "" ? "validation" : `group ${name}`]),
          group,
          (value) => {
            this.#group = value;
            void again();
          },
        ),
      ),
    );
    if (!folds.found) return place.append(nothing(folds.reason));
    const { metrics, missing, splits: there } = folds.value.folds;
    const rows = metrics.map(({ metric, mean, sd, n, values, intervals }) => [
      metric,
      sd === null ? shown(mean) : `${shown(mean)} ± ${shown(sd)}`,
      String(n),
      ...values.map((value, i) => {
        const bounds = intervals[i] ?? null;
        const interval = bounds === null ? null : make("small", {}, `${shown(bounds.lower)} to ${shown(bounds.upper)}`);
        return make("span", {}, shown(value), interval);
      }),
    ]);
    const levels = new Set(metrics.flatMap(({ intervals }) => intervals.flatMap((one) => one?.level ?? [])));
    place.append(plainTable([["Metric", "Mean ± sd", "n", ...there.map((split) => `Split ${split}`)], ...rows]));
    place.append(
      make(
        "p",
        { class: "quiet" },
        "Mean ± standard deviation over splits (n − 1)",
        levels.size === 0
          ? "."
          : `; below each value its interval of ${[...levels].map((level) => `${shown(level * 100)} %`).join(", ")}.`,
      ),
    );
    place.append(make("div", { class: "wide" }, drawing(folds.value.svg)));
    if (missing.length > 0) place.append(nothing(`Without split ${missing.join(", ")}, which has no such values.`));
  }
}
