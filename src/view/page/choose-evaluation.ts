import type { NamedEvaluation } from "../server/question.ts";
import { choice } from "./dom.ts";
import type { Page } from "./view.ts";

/** Which evaluation is looked at, in all views of one. */
export class ChosenEvaluation {
  #id: string | null = null;

  /** @returns null where there is none. */
  of(page: Page): NamedEvaluation | null {
    const all = page.experiments[page.chosen]?.evaluations ?? [];
    return (
      all.find((one) => idOf(one) === this.#id) ?? all.findLast(({ key }) => key.group !== null) ?? all.at(-1) ?? null
    );
  }

  control(page: Page, again: () => void): HTMLElement {
    const all = page.experiments[page.chosen]?.evaluations ?? [];
    const chosen = this.of(page);
    const options = all.map((one) => [idOf(one), labelOf(one)] as const);
    return choice("Evaluation", options, chosen === null ? "" : idOf(chosen), (id) => {
      this.#id = id;
      again();
    });
  }
}

function idOf({ name, key }: NamedEvaluation): string {
  return JSON.stringify([key.group, name, key.checkpoint]);
}
function labelOf({ name, key }: NamedEvaluation): string {
  return `${key.group === null ? "validation" : `group ${key.group}`} · ${name.replaceAll("-", " ")} · ${key.checkpoint}`;
}
