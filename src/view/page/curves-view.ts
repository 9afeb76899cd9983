import type { Chart, Line } from "./chart.ts";
import type { Kind } from "./curve-store.ts";
import { make, swatch } from "./dom.ts";
import { lookAt } from "./look.ts";
import { nameOf, nothing, type Page, splitsOf, type View } from "./view.ts";

const TITLES: Readonly<Record<Kind, (name: string) => string>> = {
  losses: (name) => `Training: ${name}, by batch`,
  epochLosses: (name) => `Training: ${name}, by epoch`,
  metrics: (name) => `Validation: ${name}`,
  learningRates: (name) => `Learning rate: ${name}`,
  gradientNorms: () => "Norm of the gradients",
};

/** The curves of a training, folds and experiments overlaid. */
export class CurvesView implements View {
  readonly id = "curves";
  readonly title = "Curves";
  readonly #hidden = new Set<string>();
  #isLog = false;
  #smoothing = 0;
  #charts = new Map<string, Chart>();
  #place: HTMLElement | null = null;

  async show(place: HTMLElement, page: Page): Promise<void> {
    for (const chart of this.#charts.values()) chart.remove();
    this.#charts.clear();
    this.#place = make("div", { class: "charts" });
    place.append(this.#controls(place, page), this.#place);
    await this.grow(page);
  }

  async grow(page: Page): Promise<void> {
    const place = this.#place;
    if (place === null) return;
    // what draws is read when it is needed: the page itself is there before
    const [names, { Chart }] = await Promise.all([page.curves.names(), import("./chart.ts")]);
    // shown anew meanwhile
    if (place !== this.#place) return;
    const lines = this.#shown(page).filter(({ label }) => !this.#hidden.has(label));
    const drawn = names.flatMap(([kind, all]) =>
      all.map(async (name) => {
        const key = `${kind} ${name}`;
        const chart =
          this.#charts.get(key) ??
          new Chart(TITLES[kind](name), page.curves, { kind, name, isLog: this.#isLog, smoothing: this.#smoothing });
        this.#charts.set(key, chart);
        if (!chart.element.isConnected) place.append(chart.element);
        await chart.draw(lines);
      }),
    );
    if (this.#charts.size > 0) place.querySelector(":scope > p")?.remove();
    else if (place.childElementCount === 0)
      place.append(nothing("There are no curves yet: they come with the first batches."));
    await Promise.all(drawn);
  }

  #shown(page: Page): Line[] {
    const all = page.experiments.flatMap((_, maps) => splitsOf(page, maps).map((split) => ({ maps, split })));
    const isOne = page.experiments.length === 1;
    return all.map(({ maps, split }, i) => ({
      maps,
      split,
      label: isOne ? `split ${split}` : `${nameOf(page, maps)} ${split}`,
      look: lookAt(i),
    }));
  }

  #controls(place: HTMLElement, page: Page): HTMLElement {
    const again = (): void => {
      place.replaceChildren();
      void this.show(place, page);
    };
    const chips = this.#shown(page).map(({ label, look }) => {
      const chip = make(
        "button",
        { type: "button", class: "chip", "aria-pressed": String(!this.#hidden.has(label)) },
        swatch(look.colour, look.dash),
        label,
      );
      chip.addEventListener("click", () => {
        if (!this.#hidden.delete(label)) this.#hidden.add(label);
        chip.setAttribute("aria-pressed", String(!this.#hidden.has(label)));
        void this.grow(page);
      });
      return chip;
    });
    const log = make("input", {
      type: "checkbox",
      checked: this.#isLog,
      onchange: () => {
        this.#isLog = log.checked;
        again();
      },
    });
    const smoothing = make("input", {
      type: "range",
      min: 0,
      max: 0.99,
      step: 0.01,
      value: this.#smoothing,
      onchange: () => {
        this.#smoothing = Number(smoothing.value);
        again();
      },
    });
    return make(
      "div",
      { class: "controls" },
      make("div", { class: "chips", role: "group", "aria-label": "Splits" }, ...chips),
      make("label", {}, "Smoothing", smoothing),
      make("label", {}, log, "Logarithmic"),
      make("span", { class: "quiet" }, "Drag to zoom, double-click for all."),
    );
  }
}
