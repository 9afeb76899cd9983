import { nn, type Tensor } from "../torch/index.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import { warn } from "../utils/warnings.ts";
import { type Accepted, refusal, refusedValues, type ValueSource } from "./accepted.ts";
import type { KnowsTargets, LossFunction } from "./types.ts";

/** Where a target comes from, for messages. */
export interface TargetSource extends ValueSource {
  /** The target before it went to the device, if it did: values on the CPU can be looked at without waiting for a GPU. */
  readonly values?: Tensor;
}

type LossClass = abstract new (...args: never[]) => nn.Module<[Tensor, Tensor], Tensor>;

/** Whether `loss` computes what this class does: one that overrides `forward` knows itself what it takes. */
function is<C extends LossClass>(loss: LossFunction, Class: C): loss is LossFunction & InstanceType<C> {
  return loss instanceof Class && loss.forward === Class.prototype.forward;
}

/** Whether the targets of `loss` are class indices (or, for the cross-entropy, possibly probabilities). */
export function takesClassIndices(loss: LossFunction): boolean {
  return loss instanceof nn.CrossEntropyLoss || loss instanceof nn.NLLLoss || loss instanceof nn.MultiMarginLoss;
}

export function sameShape(a: Tensor, b: Tensor): boolean {
  return a.ndim === b.ndim && a.shape.every((size, i) => size === b.shape[i]);
}

export function nameOf(loss: LossFunction): string {
  if (loss instanceof nn.Module) return loss.constructor.name;
  return loss.name === "" ? "the loss" : loss.name;
}

function knowsTargets(loss: LossFunction): loss is LossFunction & KnowsTargets {
  return "acceptedTargets" in loss && typeof loss.acceptedTargets === "function";
}

const CODES = "columns: { label: (column) => column.map((value) => …) } of BidsDataset gives other codes";

/**
 * Which targets a loss takes.
 * @param classes how many classes there are, if it is known.
 * @param probabilities whether the target is one number per class, of the shape of the output.
 * @returns null for losses that take any number, and for those of one's own.
 * @example
 * ```ts
 * const rule = acceptedTargets(new CrossEntropyLossConfig().getObject(), 3);
 * console.log(rule?.min, rule?.max, rule?.integer); // → 0 2 true
 * ```
 */
export function acceptedTargets(loss: LossFunction, classes: number | null, probabilities = false): Accepted | null {
  if (knowsTargets(loss)) return loss.acceptedTargets(classes);
  const by = nameOf(loss);
  const shares = { by, integer: false, min: 0, max: 1, ignored: null, nan: true };
  if (is(loss, nn.CrossEntropyLoss) && probabilities) {
    return {
      ...shares,
      expected: "class indices, or class probabilities between 0 and 1 where the target has the shape of the output",
      remedy: "Scale the probabilities, or give one class index per sample.",
    };
  }
  if (is(loss, nn.CrossEntropyLoss) || is(loss, nn.NLLLoss) || is(loss, nn.MultiMarginLoss)) {
    const known = classes ?? loss.weight?.numel() ?? null;
    const ignored = loss instanceof nn.MultiMarginLoss ? null : loss.ignoreIndex;
    const upTo = known === null ? "from 0" : `from 0 to ${known - 1}, since the network gives ${known} values`;
    return {
      by,
      integer: true,
      min: 0,
      max: known === null ? Number.POSITIVE_INFINITY : known - 1,
      ignored,
      nan: false,
      expected: `class indices: integers ${upTo}${ignored === null || ignored >= 0 ? "" : ` (and ${ignored}, which is ignored)`}`,
      remedy: `Number the classes from 0 (${CODES}), give the network as many outputs as there are classes, or use MSELossConfig for a quantity.`,
    };
  }
  if (is(loss, nn.BCEWithLogitsLoss) || is(loss, nn.BCELoss)) {
    return {
      ...shares,
      expected: "targets between 0 and 1",
      remedy: `Code two classes as 0 and 1 (${CODES}; for images: RescaleIntensityConfig), or use another loss: CrossEntropyLossConfig for class indices, MSELossConfig for a quantity.`,
    };
  }
  if (is(loss, nn.KLDivLoss)) {
    const remedy = `Give probabilities that sum to 1, or their logarithms with logTarget: true.`;
    return loss.logTarget
      ? { ...shares, min: Number.NEGATIVE_INFINITY, max: 0, expected: "logarithms of probabilities, at most 0", remedy }
      : { ...shares, expected: "probabilities, between 0 and 1", remedy };
  }
  return null;
}

/** Losses whose values on a GPU have been looked at: once is enough to find targets of the wrong kind. */
const seen = new WeakSet<LossFunction>();
const seenOutputs = new WeakSet<LossFunction>();

/**
 * Checks a target, before it is cast or counted.
 *
 * Values on the CPU are looked at each time; those on a GPU, which must be waited for, the first time only.
 * @param target (N, …) as the batch holds it.
 * @throws DataFrameError naming participants, field and values.
 */
export function checkTarget(
  loss: LossFunction,
  target: Tensor,
  { classes, probabilities, source }: { classes: number | null; probabilities: boolean; source: TargetSource },
): void {
  const rule = acceptedTargets(loss, classes, probabilities);
  if (rule === null) return;
  const values = source.values ?? target;
  if (values.device !== "cpu") {
    if (seen.has(loss)) return;
    seen.add(loss);
  }
  const refused = refusedValues(rule, values);
  if (refused !== null) throw new DataFrameError(refusal(rule, source, refused));
}

/** @throws ConfigError where shapes, weights or outputs do not go with the loss. */
export function checkOutput(loss: LossFunction, output: Tensor): void {
  const by = nameOf(loss);
  const shape = `(${output.shape.join(", ")})`;
  const classes = (output.ndim > 1 ? output.shape[1] : output.shape[0]) ?? 1;
  if (takesClassIndices(loss) && classes === 1 && is(loss, nn.CrossEntropyLoss)) {
    throw new ConfigError(
      `${by}: the output has one value per sample, ${shape}, and the loss is 0 whatever it is. Give the network one output per class (numOutputs), or use BCEWithLogitsLossConfig.`,
    );
  }
  const weight = "weight" in loss && takesClassIndices(loss) ? (loss.weight as Tensor | null) : null;
  if (weight !== null && weight.numel() !== classes) {
    throw new ConfigError(
      `${by}: 'weight' has ${weight.numel()} values, and the output has ${classes} classes, ${shape}. Give one weight per class.`,
      { fieldNames: ["weight"] },
    );
  }
  if (is(loss, nn.BCEWithLogitsLoss) && loss.posWeight !== null) checkPosWeight(loss.posWeight, output);
  checkRange(loss, output);
}

/** A weight per class stands along the class dimension, as libtorch's broadcasting sees it. */
function checkPosWeight(posWeight: Tensor, output: Tensor): void {
  if (posWeight.numel() === 1) return;
  const behind = Math.max(output.ndim - 2, 0);
  const aligned = Array.from({ length: posWeight.ndim }, (_, i) => output.shape[output.ndim - posWeight.ndim + i]);
  const fits = posWeight.shape.every((size, i) => size === 1 || size === aligned[i]);
  // one dimension is paired with the last one, which is that of the classes only where there is no other
  if (fits && posWeight.ndim <= output.ndim && !(posWeight.ndim === 1 && behind > 0)) return;
  const wanted = [output.shape[1] ?? 1, ...Array.from({ length: behind }, () => 1)].join(", ");
  throw new ConfigError(
    `BCEWithLogitsLoss: 'posWeight' has the shape (${posWeight.shape.join(", ")}), and the output (${output.shape.join(", ")}). Give one weight per class, in the shape (${wanted}).`,
    { fieldNames: ["posWeight"] },
  );
}

/** Outputs that are not what the loss takes logarithms, or probabilities, to be; looked at once, since it is the network's doing. */
function checkRange(loss: LossFunction, output: Tensor): void {
  const logarithms = is(loss, nn.NLLLoss) || is(loss, nn.KLDivLoss);
  if (!(logarithms || is(loss, nn.BCELoss)) || seenOutputs.has(loss) || output.numel() === 0) return;
  seenOutputs.add(loss);
  const [low, high] = output.detach().aminmax();
  const [from, to] = [Number(low.item()), Number(high.item())];
  low.dispose();
  high.dispose();
  const found = `the output of the network goes from ${from} to ${to}`;
  if (!logarithms && (from < 0 || to > 1)) {
    throw new ConfigError(
      `BCELoss takes probabilities, between 0 and 1; ${found}. End the network with a sigmoid (outputAct: "sigmoid"), or use BCEWithLogitsLossConfig.`,
    );
  }
  if (logarithms && to > 1e-5) {
    warn(
      `${nameOf(loss)} takes logarithms of probabilities, which are at most 0; ${found}. The loss is not what its name says: end the network with a LogSoftmax${loss instanceof nn.NLLLoss ? ", or use CrossEntropyLossConfig" : ""}.`,
    );
  }
}

const ELEMENTWISE: readonly LossClass[] = [
  nn.BCELoss,
  nn.BCEWithLogitsLoss,
  nn.KLDivLoss,
  nn.MSELoss,
  nn.L1Loss,
  nn.SmoothL1Loss,
  nn.HuberLoss,
];

/**
 * Checks that output and target go together: a tensor of another shape may be paired by broadcasting, which gives a number
 * that means nothing.
 * @param target as the loss gets it.
 * @throws ConfigError with both shapes and the participants.
 */
export function checkShapes(loss: LossFunction, output: Tensor, target: Tensor, source: ValueSource): void {
  const wanted = wantedShape(loss, output, target);
  if (wanted === null || (wanted.length === target.ndim && wanted.every((size, i) => size === target.shape[i]))) return;
  const who = source.participants.map(({ participantId, sessionId }) => `${participantId} ${sessionId}`).join(", ");
  throw new ConfigError(
    `${nameOf(loss)}: the output has the shape (${output.shape.join(", ")}), and '${source.field}' gives a target of shape (${target.shape.join(", ")}); (${wanted.join(", ")}) is needed (${who}). ` +
      "Give the network as many outputs as there are values to compare with (numOutputs), or choose another loss or labelKey.",
  );
}

function wantedShape(loss: LossFunction, output: Tensor, target: Tensor): readonly number[] | null {
  if (ELEMENTWISE.some((Class) => is(loss, Class))) return output.shape;
  if (!takesClassIndices(loss) || target.dtype !== "int64" || output.ndim < 2) return null;
  return [output.shape[0] ?? 0, ...output.shape.slice(2)];
}
