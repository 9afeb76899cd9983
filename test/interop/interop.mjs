// Both sides train the configurations; each opens what the other made; the findings are rows of a table.
import { join } from "node:path";
import { makeCohort } from "./cohort.mjs";
import * as compare from "./compare.mjs";
import { copyMaps, copyWithoutMetrics } from "./copies.mjs";
import { Errands } from "./errands.mjs";
import { finding } from "./finding.mjs";

const SIDES = ["here", "there"];
const OTHER = { here: "there", there: "here" };
const STEPS = 20;
/** In the third epoch of four steps each. */
const STOP = 9;

/**
 * The best checkpoint's metric; `curves`: whether there are loss curves to compare, and a training to interrupt; `shared`: whether
 * it is trained here by two processes, too, each with its part of the weights, and gone on with by one of either side.
 */
const PLAN = [
  { configuration: "classification", best: "loss", curves: true, shared: true },
  { configuration: "regression", best: "mae", curves: true },
  { configuration: "reconstruction", best: "loss", curves: true },
  { configuration: "augmented", best: "loss", curves: false },
  { configuration: "patches", best: "loss", curves: false },
  { configuration: "slices", best: "loss", curves: false },
];

/** The same weights and data: two builds of libtorch cut sums otherwise, about 1e-7. */
const SAME = 1e-4;
/**
 * Twelve more steps from the same checkpoint carry that rounding on to about 2e-6. A rate that is 5 % off is 1e-2 or more
 * in the losses and 2e-4 in the weights, a momentum that is lost five times that.
 */
const RESUMED = 1e-4;

/** What the figures leave out. */
export const NOTES = [
  "Learning rates: without those of the last epoch, which ClinicaDL 2.0.0 logs wrongly (D-LRlog).",
  "Validated there: one metric at a time, since there the postprocessing of one changes what the next sees (D17).",
  "Early stopping is resumed there because a MAPS written here says its mode; ClinicaDL 2.0.0 cannot resume its own (D7).",
];

/** @returns rows `{ configuration, direction, operation, compared, largest, tolerance, ok, error }` */
export async function interop(work, say) {
  const { bids, folds, test } = makeCohort(work);
  const errands = new Errands(work, say);
  const cases = SIDES.flatMap((side) =>
    PLAN.map((plan) => ({ ...plan, side, other: OTHER[side], ...names(work, side, plan.configuration) })),
  );

  say("Training …");
  await errands.run(cases.flatMap((one) => trainings(one, { bids, folds, test })));
  say("Opening what the other side trained …");
  await errands.run(cases.flatMap((one) => openings(one, { bids, test })));
  say("Opening what the other side resumed …");
  await errands.run(cases.filter(({ curves }) => curves).flatMap(reopenings));

  return PLAN.flatMap(({ configuration, curves }) => {
    const [here, there] = SIDES.flatMap((side) =>
      cases.filter((one) => one.configuration === configuration && one.side === side),
    );
    return [...(curves ? fromScratch(here, there) : []), ...[here, there].flatMap(directed)].map((row) =>
      finding(configuration, row, errands),
    );
  });
}

/** Names of MAPS, which are those of the errands too. */
function names(work, side, configuration) {
  const at = (name) => join(work, side, configuration, name);
  return {
    whole: at("whole"),
    interrupted: at("interrupted"),
    tested: at("tested"),
    validated: at("validated"),
    resumed: at("resumed"),
    sharded: at("sharded"),
    initial: at("initial.pt"),
    by: (name, who) => at(`${name}-${who}`),
  };
}

/** What only this library does. */
const isShared = ({ side, shared = false }) => shared && side === "here";

function trainings(one, { bids, folds, test }) {
  const { configuration, side, curves, whole, interrupted, tested, initial, sharded } = one;
  const train = { job: "train", configuration, bids, folds };
  const first = { checkpoint: "split-0_final", group: "first", participants: test };
  return [
    { name: whole, side, job: { ...train, maps: whole, initial } },
    { name: tested, side, job: { job: "test", maps: whole, configuration, bids, tests: [first] } },
    ...(curves ? [{ name: interrupted, side, job: { ...train, maps: interrupted, stop: STOP } }] : []),
    ...(isShared(one)
      ? [{ name: sharded, side, job: { ...train, job: "trainShared", maps: sharded, stop: STOP, processes: 2 } }]
      : []),
  ];
}

/** A group that is in the MAPS, with another checkpoint; and a new one. */
function testsOf(best, participants) {
  return [
    { checkpoint: `split-0_best-${best}`, group: "first" },
    { checkpoint: "split-0_final", group: "second", participants },
  ];
}

/** The other side validates and resumes; both do the same tests. */
function openings(one, { bids, test }) {
  const { configuration, other, best, curves, whole, tested, interrupted, validated, resumed, sharded, by } = one;
  const opened = (name, who, needs, prepare, job) => ({ name, side: who, needs, prepare, job: { ...job, maps: name } });
  const tests = { job: "test", configuration, bids, tests: testsOf(best, test) };
  return [
    opened(validated, other, [whole], () => copyWithoutMetrics(whole, validated), { job: "validate" }),
    ...SIDES.map((who) => {
      const copy = by("tested", who);
      return opened(copy, who, [whole, tested], () => copyMaps(whole, copy), tests);
    }),
    ...(isShared(one) ? SIDES : []).map((who) => {
      const copy = by("sharded", who);
      return opened(copy, who, [sharded], () => copyMaps(sharded, copy), { job: "resume" });
    }),
    ...(curves
      ? [opened(resumed, other, [whole, interrupted], () => copyMaps(interrupted, resumed), { job: "resume" })]
      : []),
  ];
}

/** Both sides can read the MAPS that one began and the other ended. */
function reopenings({ resumed, by }) {
  return SIDES.map((who) => {
    const copy = by("reopened", who);
    const prepare = () => copyWithoutMetrics(resumed, copy);
    return { name: copy, side: who, needs: [resumed], prepare, job: { job: "validate", maps: copy } };
  });
}

function fromScratch(here, there) {
  const needs = [here.whole, there.whole];
  const row = (operation, tolerance, compared) => ({ direction: "both", operation, tolerance, needs, compared });
  return [
    row("same seed: initial weights", 0, () => compare.weights(here.initial, there.initial)),
    row(`same seed: loss of ${STEPS} steps, relative`, 1e-3, () => compare.lossCurves(...needs, STEPS)),
    row("same seed: final metrics", 1e-2, () => compare.finalMetrics(...needs)),
    row("same seed: learning rates, relative", 1e-6, () => compare.learningRates(...needs)),
  ];
}

function directed(one) {
  const { side, other, best, curves, whole, validated, resumed, by } = one;
  const direction = `${side} → ${other}`;
  const row = (operation, tolerance, needs, compared) => ({ direction, operation, tolerance, needs, compared });
  const copies = [by("tested", side), by("tested", other)];
  const resume = (what, compared) => row(`resume: ${what}`, RESUMED, [resumed], () => compared(whole, resumed));
  const ends = SIDES.map((who) => by("sharded", who));
  const goOn = (what, compared) => row(`sharded weights, resumed: ${what}`, RESUMED, ends, () => compared(...ends));
  return [
    ...(isShared(one)
      ? [
          goOn("losses, relative", compare.lossCurves),
          goOn("metrics of all epochs", compare.epochMetrics),
          goOn("final weights", compare.finalWeights),
        ]
      : []),
    row("validate: checkpoints", SAME, [validated], () => compare.checkpointMetrics(whole, validated)),
    row("test: two groups", SAME, copies, () => compare.testMetrics(...copies, testsOf(best))),
    ...(curves
      ? [
          resume("losses, relative", compare.lossCurves),
          resume("metrics of all epochs", compare.epochMetrics),
          resume("learning rates, relative", compare.learningRates),
          resume("final weights", compare.finalWeights),
          ...SIDES.map((who) =>
            row(`finished MAPS, validated ${who}`, SAME, [by("reopened", who)], () =>
              compare.checkpointMetrics(resumed, by("reopened", who)),
            ),
          ),
        ]
      : []),
  ];
}
