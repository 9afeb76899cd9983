import { existsSync } from "node:fs";
import { Maps } from "../../io/maps/index.ts";
import type { JsonValue } from "../../utils/config.ts";
import { jsonOf } from "./configuration.ts";

/** What the model of a MAPS is to learn, as far as its configuration tells: how its outputs are read. */
export interface Task {
  /**
   * - `classes`: of what each sample is: an output for each class, or one of two;
   * - `quantity`: numbers;
   * - `other`: images, or not known.
   */
  readonly kind: "classes" | "quantity" | "other";
  /** The column of the data that is learnt; null where it is none. */
  readonly labelKey: string | null;
  /** What the output is called in `output.tsv`. */
  readonly outputName: string;
  /** What makes probabilities of the outputs; null where they are none, and nothing does. */
  readonly activation: "sigmoid" | "softmax" | "exp" | "identity" | null;
}

/** By loss: what the outputs of a network are that learns with it. */
const LOSSES: ReadonlyMap<string, Pick<Task, "kind" | "activation">> = new Map([
  ["BCEWithLogitsLoss", { kind: "classes", activation: "sigmoid" }],
  ["BCELoss", { kind: "classes", activation: "identity" }],
  ["CrossEntropyLoss", { kind: "classes", activation: "softmax" }],
  ["NLLLoss", { kind: "classes", activation: "exp" }],
  ["MultiMarginLoss", { kind: "classes", activation: null }],
  ["FocalLoss", { kind: "classes", activation: "sigmoid" }],
  ["L1Loss", { kind: "quantity", activation: null }],
  ["MSELoss", { kind: "quantity", activation: null }],
  ["SmoothL1Loss", { kind: "quantity", activation: null }],
  ["HuberLoss", { kind: "quantity", activation: null }],
] as const);

/**
 * The task of a MAPS: from `model.json`. Postprocessing that makes probabilities of outputs is taken into account. Of a model with
 * several tasks it is the first that learns classes or a quantity.
 * @param own the file of the inferer that made the outputs, if it is there: it counts instead of the model's.
 */
export function readTask(path: string, own: string | null = null): Task {
  const json = jsonOf(new Maps(path).modelJson);
  const model = json.found ? objectOf(json.value) : {};
  const other = own !== null && existsSync(own) ? jsonOf(own) : null;
  const inferer = objectOf(other?.found === true ? other.value : model.inferer);
  const all = typeof inferer.output_name === "string" ? inferer.output_name : "output";
  const parts = Object.entries(objectOf(model.tasks)).map(
    ([name, task]) => [`${all}_${name}`, objectOf(task)] as const,
  );
  const [outputName, learnt] = parts.find(([, task]) => lossOf(task) !== undefined) ?? [all, model];
  // a mask has a class for each voxel, and a sample has none
  const known = model.name_ === "SegmentationModel" ? undefined : lossOf(learnt);
  const labelKey = typeof learnt.label_key === "string" ? learnt.label_key : null;
  if (known === undefined) return { kind: "other", labelKey, outputName, activation: null };
  const done = listOf(objectOf(inferer.postprocessing).transforms).map(objectOf);
  const isActivated = done.some(({ name_, sigmoid, softmax }) => name_ === "Activations" && (sigmoid || softmax));
  return { ...known, labelKey, outputName, activation: isActivated ? "identity" : known.activation };
}

/** What is known of the loss of what learns a label. */
function lossOf(learnt: { readonly [key: string]: JsonValue }): Pick<Task, "kind" | "activation"> | undefined {
  return typeof learnt.label_key === "string" ? LOSSES.get(String(objectOf(learnt.loss).name_)) : undefined;
}

function objectOf(value: JsonValue | undefined): { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
