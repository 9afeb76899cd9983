import { ask } from "./ask.ts";
import { choice, make, shown } from "./dom.ts";
import { plainTable } from "./table.ts";
import { nameOf, nothing, type Page, type View } from "./view.ts";

/** Several experiments: their metrics, and in which options they differ. */
export class ComparisonView implements View {
  readonly id = "comparison";
  readonly title = "Comparison";
  #checkpoint = "final";

  async show(place: HTMLElement, page: Page): Promise<void> {
    const names = page.experiments.map((_, maps) => nameOf(page, maps));
    const checkpoints = page.experiments.flatMap(({ contents }) =>
      contents.found ? contents.value.splits.flatMap((split) => split.checkpoints) : [],
    );
    const comparison = await ask("comparison", { maps: page.chosen, checkpoint: this.#checkpoint });
    const options = [...new Set(["final", ...checkpoints])].map((name) => [name, name] as const);
    place.append(
      make(
        "div",
        { class: "controls" },
        choice("Model", options, this.#checkpoint, (value) => {
          this.#checkpoint = value;
          place.replaceChildren();
          void this.show(place, page);
        }),
      ),
    );
    if (!comparison.found) return place.append(nothing(comparison.reason));
    const spread = (
      one: { readonly mean: number | null; readonly sd: number | null; readonly n: number } | null,
    ): string =>
      one === null || one.n === 0
        ? "–"
        : `${shown(one.mean)}${one.sd === null ? "" : ` ± ${shown(one.sd)}`} (${one.n})`;
    const { metrics, options: differing } = comparison.value;
    const others = names.slice(1).map((name) => `${name} − ${names[0] ?? ""}`);
    place.append(
      make("h2", {}, "Metrics: mean ± sd (n) over splits"),
      plainTable([
        ["Metric", ...names, ...others],
        ...metrics.map(({ metric, summaries, differences }) => [
          metric,
          ...summaries.map(spread),
          ...differences.slice(1).map(spread),
        ]),
      ]),
      make("h2", {}, "Options that differ"),
      differing.length === 0
        ? nothing("None differs.")
        : plainTable(
            [
              ["Option", ...names],
              ...differing.map(({ path, values }) => [path, ...values.map((value) => JSON.stringify(value) ?? "–")]),
            ],
            "texts",
          ),
    );
  }
}
