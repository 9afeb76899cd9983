import type { Log } from "../read/index.ts";
import { ask } from "./ask.ts";
import { make } from "./dom.ts";
import { nothing, type Page, type View } from "./view.ts";

/** Warnings and logs. */
export class MessagesView implements View {
  readonly id = "messages";
  readonly title = "Messages";

  async show(place: HTMLElement, page: Page): Promise<void> {
    const { warnings, logs } = await ask("messages", { maps: page.chosen });
    place.append(
      make("h2", {}, "Warnings"),
      ...(warnings.length === 0 ? [nothing("There are none.")] : warnings.map((log) => shownLog(log, true))),
    );
    place.append(
      make("h2", {}, "Logs"),
      ...(logs.length === 0 ? [nothing("There are none.")] : logs.map((log) => shownLog(log, false))),
    );
  }
}

function shownLog({ file, messages }: Log, isOpen: boolean): HTMLElement {
  const text = messages.found
    ? messages.value
        .map(({ time, level, text }) =>
          [time, level === "INFO" ? "" : level, text].filter((part) => part !== "").join("  "),
        )
        .join("\n")
    : messages.reason;
  return make("details", { open: isOpen }, make("summary", {}, file), make("pre", { tabindex: 0 }, text));
}
