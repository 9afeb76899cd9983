import type { EvaluatedSample, Evaluation } from "../read/index.ts";
import { ask, queryOf } from "./ask.ts";
import type { ChosenEvaluation } from "./choose-evaluation.ts";
import { make, shown } from "./dom.ts";
import { type Column, sortable } from "./table.ts";
import { nothing, type Page, type View } from "./view.ts";
import { openViewer } from "./viewer.ts";

/** The participants of an evaluation, the worst first; each with its image. */
export class ParticipantsView implements View {
  readonly id = "participants";
  readonly title = "Participants";
  readonly #evaluation: ChosenEvaluation;

  constructor(evaluation: ChosenEvaluation) {
    this.#evaluation = evaluation;
  }

  async show(place: HTMLElement, page: Page): Promise<void> {
    const chosen = this.#evaluation.of(page);
    if (chosen === null) return place.append(nothing("Nothing was evaluated yet."));
    const query = queryOf(page.chosen, chosen);
    const evaluation = await ask("evaluation", query);
    this.#evaluation.offer(place, page, this);
    if (!evaluation.found) return place.append(nothing(evaluation.reason));
    const { samples, missing } = evaluation.value;
    const columns = columnsOf(
      evaluation.value,
      (sample) => void openViewer(query, { participant: sample.participant, session: sample.session }),
    );
    const worst = ["Error", "loss"].find((name) => columns.some((column) => column.name === name)) ?? "Participant";
    place.append(sortable(samples, columns, { column: worst, isDown: worst !== "Participant" }));
    for (const reason of missing) place.append(nothing(reason));
  }
}

function columnsOf(
  { samples, task, metrics }: Evaluation,
  open: (sample: EvaluatedSample) => void,
): Column<EvaluatedSample>[] {
  const number = (name: string, value: (sample: EvaluatedSample) => number | null): Column<EvaluatedSample>[] =>
    samples.some((sample) => value(sample) !== null) ? [{ name, value, cell: (sample) => shown(value(sample)) }] : [];
  const outputs = Math.max(0, ...samples.map((sample) => (sample.probabilities ?? sample.outputs).length));
  const names = [...new Set([...Object.keys(metrics), ...samples.flatMap((sample) => Object.keys(sample.metrics))])];
  const what = samples.some(({ probabilities }) => probabilities !== null) ? "Probability" : "Output";
  return [
    {
      name: "Participant",
      value: ({ participant }) => participant,
      cell: (sample) => make("button", { type: "button", onclick: () => open(sample) }, sample.participant),
    },
    { name: "Session", value: ({ session }) => session, cell: ({ session }) => session },
    ...number(task.labelKey ?? "Label", ({ label }) => label),
    ...Array.from({ length: outputs }, (_, i) =>
      number(
        outputs === 1 ? what : `${what} ${i}`,
        ({ probabilities, outputs }) => (probabilities ?? outputs)[i] ?? null,
      ),
    ).flat(),
    ...number("Error", (sample) => errorOf(sample, task.kind)),
    ...names.flatMap((name) => number(name, (sample) => sample.metrics[name] ?? null)),
  ];
}

/** By how much an output is off: of classes, what the right one lacks of a probability of 1. */
function errorOf({ label, outputs, probabilities }: EvaluatedSample, kind: Evaluation["task"]["kind"]): number | null {
  if (label === null) return null;
  if (kind === "quantity") {
    const [output] = outputs;
    return outputs.length !== 1 || output === undefined || output === null ? null : Math.abs(output - label);
  }
  if (probabilities === null) return null;
  const [only] = probabilities;
  if (probabilities.length === 1 && only !== undefined) return label === 1 ? 1 - only : label === 0 ? only : null;
  const right = probabilities[label];
  return right === undefined ? null : 1 - right;
}
