import { type AucDifference, delongTest, type McNemar, mcnemar } from "../../metrics/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import type { EvaluatedSample, Evaluation } from "./evaluation.ts";
import { type Part, partOf } from "./part.ts";

/** Two models that tell two classes apart, on the same participants. */
export interface ComparedClassifiers {
  readonly participants: number;
  /** DeLong's test of the areas under their ROC curves, the second less the first. */
  readonly auc: AucDifference;
  /** McNemar's exact test of their decisions, at a probability of 0.5. */
  readonly decisions: McNemar;
}

/**
 * Whether the second of two models is better than the first, where both have predicted the same participants. Both tests want one
 * value a participant: with several sessions, patches or slices of one, which depend on each other, there is none.
 *
 * ```ts
 * const [a, b] = ["maps_a", "maps_b"].map((path) => readEvaluation(path, { models: 0, checkpoint: "final", group: "held_out" }));
 * if (a?.found && b?.found) console.log(compareClassifiers(a.value, b.value));
 * ```
 *
 * @returns where they cannot be compared so, why.
 */
export function compareClassifiers(first: Evaluation, second: Evaluation): Part<ComparedClassifiers> {
  return partOf(() => {
    const [a, b] = [probabilitiesOf(first), probabilitiesOf(second)];
    if (a.size !== b.size || [...a.keys()].some((participant) => !b.has(participant))) {
      throw new ClinicaDLException("Their participants are not the same.");
    }
    const pairs = [...a].map(([participant, one]) => ({ one, other: b.get(participant) ?? one, participant }));
    const odd = pairs.find(({ one, other }) => one.label !== other.label);
    if (odd !== undefined) throw new ClinicaDLException(`Their labels of ${odd.participant} are not the same.`);
    const labels = pairs.map(({ one }) => one.label);
    const [scores, others] = [pairs.map(({ one }) => one.probability), pairs.map(({ other }) => other.probability)];
    const right = (values: readonly number[]) => values.map((value, i) => Number(value >= 0.5) === labels[i]);
    return {
      participants: pairs.length,
      auc: delongTest(others, scores, labels),
      decisions: mcnemar(right(scores), right(others)),
    };
  });
}

interface Scored {
  readonly probability: number;
  readonly label: number;
}

/** Of each participant. */
function probabilitiesOf({ samples, missing }: Evaluation): Map<string, Scored> {
  const found = new Map<string, Scored>();
  for (const sample of samples) {
    const scored = scoredOf(sample);
    if (scored === null) {
      const why = missing.length === 0 ? "" : ` ${missing.join(" ")}`;
      throw new ClinicaDLException(
        `The label or the probability of ${sample.participant} is not known: it takes predictions of two classes, with labels 0 and 1.${why}`,
      );
    }
    if (found.has(sample.participant)) {
      throw new ClinicaDLException(
        `${sample.participant} has several values, which depend on each other; the tests want one a participant.`,
      );
    }
    found.set(sample.participant, scored);
  }
  return found;
}

function scoredOf({ label, probabilities }: EvaluatedSample): Scored | null {
  // one output is that of class 1
  const probability = probabilities === null || probabilities.length > 2 ? null : (probabilities.at(-1) ?? null);
  return probability === null || (label !== 0 && label !== 1) ? null : { probability, label };
}
