import { byId, make } from "./dom.ts";

/** The tabs of the views: the arrows of the keyboard go from one to the next. */
export class Tabs {
  readonly #buttons: ReadonlyMap<string, HTMLButtonElement>;

  constructor(views: readonly { readonly id: string; readonly title: string }[], choose: (id: string) => void) {
    const list = byId("tabs");
    this.#buttons = new Map(
      views.map(({ id, title }) => {
        const button = make(
          "button",
          { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "view", onclick: () => choose(id) },
          title,
        );
        return [id, button];
      }),
    );
    list.replaceChildren(...this.#buttons.values());
    list.addEventListener("keydown", (event) => {
      const ids = [...this.#buttons.keys()];
      const at = ids.findIndex((id) => this.#buttons.get(id) === document.activeElement);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
      if (to === undefined || at < 0) return;
      event.preventDefault();
      const id = ids.at(to % ids.length);
      if (id === undefined) return;
      this.#buttons.get(id)?.focus();
      choose(id);
    });
  }

  mark(chosen: string): void {
    for (const [id, button] of this.#buttons) {
      button.ariaSelected = String(id === chosen);
      button.tabIndex = id === chosen ? 0 : -1;
      if (id === chosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    byId("view").setAttribute("aria-labelledby", `tab-${chosen}`);
  }
}
