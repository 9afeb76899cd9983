import type { Experiment } from "../server/answers.ts";
import type { Curves } from "./curves.ts";
import { make } from "./dom.ts";

/** What the views have in common. */
export interface Page {
  readonly experiments: readonly Experiment[];
  /** The experiment that was chosen, of those with a view of one. */
  readonly chosen: number;
  readonly curves: Curves;
}

/** A view: what a tab shows. */
export interface View {
  readonly id: string;
  readonly title: string;
  /** Shows it in a place that is empty. */
  show(place: HTMLElement, page: Page): Promise<void> | void;
  /** New points have come, for a view that shows them. */
  grow?(page: Page): Promise<void>;
}

export function nameOf({ experiments }: Page, maps: number): string {
  const contents = experiments[maps]?.contents;
  return contents?.found === true ? contents.value.name : `${maps}`;
}

export function splitsOf({ experiments }: Page, maps: number): readonly number[] {
  const contents = experiments[maps]?.contents;
  return contents?.found === true ? contents.value.splits.map(({ index }) => index) : [];
}

/** What stands where there is nothing to show, and why. */
export function nothing(reason: string): HTMLElement {
  return make("p", { class: "quiet" }, reason);
}
