/** The live page: its tabs, what it knows, and what it hears. */
import type { Experiment } from "../server/answers.ts";
import { ask, listen } from "./ask.ts";
import { ChosenEvaluation } from "./choose-evaluation.ts";
import { ComparisonView } from "./comparison-view.ts";
import { Curves } from "./curves.ts";
import { CurvesView } from "./curves-view.ts";
import { byId, make } from "./dom.ts";
import { EvaluationView } from "./evaluation-view.ts";
import { FoldsView } from "./folds-view.ts";
import { MessagesView } from "./messages-view.ts";
import { ParticipantsView } from "./participants-view.ts";
import { SCOPE, scoped } from "./scope.ts";
import { SetupView } from "./setup-view.ts";
import { statusOf } from "./status.ts";
import { StudyView } from "./study-view.ts";
import { Tabs } from "./tabs.ts";
import { followTheme } from "./theme.ts";
import { nothing, type Page, splitsOf, type View } from "./view.ts";

// the token is in a cookie now: it need not be in the address, the history and what is copied from there
history.replaceState(null, "", `${scoped(location.pathname)}${location.hash}`);

const evaluation = new ChosenEvaluation();
const curves = new Curves();
let experiments: readonly Experiment[] = [];
let studies: readonly string[] = [];
/** The trial that is looked at, of one of the studies. */
const { study, trial } = SCOPE;
let chosen = 0;
const pageOf = (): Page => ({ experiments, chosen, curves });

let views: readonly View[] = [];
let view: View = new CurvesView();
let tabs: Tabs | null = null;
const place = byId("view");

function beginViews(): void {
  const ofStudies = studies.length > 0 && trial === undefined ? [new StudyView(studies)] : [];
  const one = [
    new FoldsView(),
    new EvaluationView(evaluation),
    new ParticipantsView(evaluation),
    new SetupView(),
    new MessagesView(),
  ];
  const ofMaps = [view, ...(experiments.length > 1 ? [new ComparisonView()] : []), ...one];
  views = [...ofStudies, ...(experiments.length > 0 ? ofMaps : [])];
  [view = view] = views;
  tabs = new Tabs(views, (id) => {
    location.hash = id;
  });
  view = views.find(({ id }) => `#${id}` === location.hash) ?? view;
}

/** Shows the view of the address. Of two that were asked for at once, the later one stays. */
async function show(): Promise<void> {
  tabs?.mark(view.id);
  const fresh = make("div");
  place.replaceChildren(fresh);
  try {
    await view.show(fresh, pageOf());
  } catch (error) {
    fresh.replaceChildren(nothing(error instanceof Error ? error.message : String(error)));
  }
  place.dataset.shown = view.id;
}

async function readExperiments(): Promise<void> {
  [experiments, studies] = await Promise.all([ask("experiments"), ask("studies")]);
  const names = experiments.map(({ contents }, i) => (contents.found ? contents.value.name : `${i}`));
  showTitle(names);
  byId("status").textContent = experiments.length === 0 ? "" : statusOf(experiments);
  const select = byId("experiment");
  select.hidden = experiments.length < 2;
  select.replaceChildren(...names.map((name, i) => make("option", { value: i, selected: i === chosen }, name)));
}

/** The names of what is shown; of a trial, that of its study, which leads back to it. */
function showTitle(names: readonly string[]): void {
  const title =
    trial === undefined
      ? [[...studies, ...names].join(", ")]
      : [make("a", { href: "/#study" }, studies[Number(study)] ?? "study"), ` / trial ${trial}`];
  byId("title").replaceChildren(...title);
  document.title = `${byId("title").textContent} · ClinicaDL`;
}

async function readCurves(isAll: boolean): Promise<void> {
  const page = pageOf();
  const all = experiments.flatMap((_, maps) => splitsOf(page, maps).map((split) => ({ maps, split })));
  const wanted = all.filter(({ maps, split }) => isAll || !curves.has(maps, split));
  await Promise.all(wanted.map(({ maps, split }) => curves.load(maps, split)));
}

/** Runs `work` soon, once for all that ask for it until then. */
function soon(delay: number, work: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setTimeout(() => {
      isAsked = false;
      work();
    }, delay);
  };
}
const grow = soon(100, () => void view.grow?.(pageOf()));
const growStudy = soon(300, () => {
  if (view instanceof StudyView) void view.grow(pageOf());
});
const change = soon(300, () => void changed());

async function changed(): Promise<void> {
  const before = JSON.stringify(experiments.map((_, maps) => splitsOf(pageOf(), maps)));
  await readExperiments();
  await readCurves(false);
  // the chips of splits; other views are read when they are opened, so that nothing moves under the reader
  if (view.grow !== undefined && JSON.stringify(experiments.map((_, maps) => splitsOf(pageOf(), maps))) !== before)
    await show();
}

async function begin(): Promise<void> {
  await readExperiments();
  const isFirst = views.length === 0;
  if (isFirst) beginViews();
  await readCurves(true);
  if (isFirst) await show();
  else await view.grow?.(pageOf());
}

addEventListener("hashchange", () => {
  view = views.find(({ id }) => `#${id}` === location.hash) ?? view;
  void show();
});
byId("experiment").addEventListener("change", ({ target }) => {
  if (target instanceof HTMLSelectElement) chosen = Number(target.value);
  void show();
});
followTheme(() => {
  if (views.length > 0) void show();
});
listen({
  ready: () => void begin(),
  news(news) {
    switch (news.kind) {
      case "points":
        return void curves.add(news).then(grow);
      case "curves":
        return void curves.load(news.maps, news.split).then(grow);
      case "changed":
        return change();
      case "study":
        return growStudy();
    }
  },
  lost() {
    byId("status").textContent = "Not connected: `clinicadl watch` has ended, or cannot be reached.";
  },
});
