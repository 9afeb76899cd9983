import { Chart, type Line } from "./chart.ts";
import { KINDS, type Kind } from "./curve-store.ts";
import { make, swatch } from "./dom.ts";
import { type Look, lookAt } from "./look.ts";
import { nameOf, nothing, type Page, splitsOf, type View } from "./view.ts";

const TITLES: Readonly<Record<Kind, (name: string) => string>> = {
  losses: (name) => `Training: ${name}, by batch`,
  epochLosses: (name) => `Training: ${name}, by epoch`,
  metrics: (name) => `Validation: ${name}`,
  learningRates: (name) => `Learning rate: ${name}`,
  gradientNorms: () => "Norm of the gradients",
};

interface Shown {
  readonly maps: number;
  readonly split: number;
  readonly label: string;
  readonly look: Look;
}

/** The curves of a training, folds and experiments overlaid. */
export class CurvesView implements View {
  readonly id = "curves";
  readonly title = "Curves";
  readonly #hidden = new Set<string>();
  #isLog = false;
  #smoothing = 0;
  #charts = new Map<string, Chart>();
  #place: HTMLElement | null = null;

  show(place: HTMLElement, page: Page): void {
    for (const chart of this.#charts.values()) chart.remove();
    this.#charts.clear();
    this.#place = make("div", { class: "charts" });
    place.append(this.#controls(place, page), this.#place);
    this.grow(page);
  }

  grow(page: Page): void {
    const place = this.#place;
    if (place === null) return;
    const shown = this.#shown(page).filter(({ label }) => !this.#hidden.has(label));
    for (const kind of KINDS) {
      for (const name of page.curves.names(kind)) {
        const key = `${kind} ${name}`;
        const chart =
          this.#charts.get(key) ?? new Chart(TITLES[kind](name), { isLog: this.#isLog, smoothing: this.#smoothing });
        this.#charts.set(key, chart);
        if (!chart.element.isConnected) place.append(chart.element);
        chart.draw(
          shown.flatMap(({ maps, split, label, look }): Line[] => {
            const curve = page.curves.get(maps, split, kind, name);
            return curve === null ? [] : [{ label, look, curve }];
          }),
        );
      }
    }
    if (this.#charts.size > 0) place.querySelector(":scope > p")?.remove();
    else if (place.childElementCount === 0)
      place.append(nothing("There are no curves yet: they come with the first batches."));
  }

  #shown(page: Page): Shown[] {
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
      this.show(place, page);
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
        this.grow(page);
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
