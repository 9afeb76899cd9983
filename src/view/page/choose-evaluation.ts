import type { NamedKey } from "../server/question.ts";
import { choice, make } from "./dom.ts";
import type { Page, View } from "./view.ts";

/** Which evaluation is looked at, in all views of one. */
export class ChosenEvaluation {
  #id: string | null = null;

  /** @returns null where there is none. */
  of(page: Page): NamedKey | null {
    const all = page.experiments[page.chosen]?.evaluations ?? [];
    return (
      all.find((one) => idOf(one) === this.#id) ?? all.findLast(({ key }) => key.group !== null) ?? all.at(-1) ?? null
    );
  }

  /** Puts the choice into the place of a view, which is shown again when another is chosen. */
  offer(place: HTMLElement, page: Page, view: View): void {
    const all = page.experiments[page.chosen]?.evaluations ?? [];
    const chosen = this.of(page);
    const options = all.map((one) => [idOf(one), labelOf(one)] as const);
    const control = choice("Evaluation", options, chosen === null ? "" : idOf(chosen), (id) => {
      this.#id = id;
      place.replaceChildren();
      void view.show(place, page);
    });
    place.append(make("div", { class: "controls" }, control));
  }
}

function idOf({ name, key }: NamedKey): string {
  return JSON.stringify([key.group, name, key.checkpoint]);
}
function labelOf({ name, key }: NamedKey): string {
  return `${key.group === null ? "validation" : `group ${key.group}`} · ${name.replaceAll("-", " ")} · ${key.checkpoint}`;
}
