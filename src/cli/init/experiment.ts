/** The first experiment file for a dataset. */
import { Document, isCollection, isPair, visit } from "yaml";
import type { BidsFileType } from "../../io/bids/index.ts";
import type { Voxels } from "./images.ts";
import type { Task } from "./labels.ts";

export interface FirstExperiment {
  /** Relative to the file. */
  readonly bids: string;
  readonly data: string;
  readonly maps: string;
  readonly fileType: BidsFileType;
  readonly voxels: Voxels;
  readonly task: Task;
  readonly images: number;
  readonly folds: number;
  readonly seed: number;
}

/** The text of the file: a small CNN that learns the task, with what people change first said beside it. */
export function experimentText(first: FirstExperiment): string {
  const { bids, data, maps, fileType, voxels, task, images, folds, seed } = first;
  const { shape, spacing } = voxels;
  const voxelCount = shape.reduce((product, n) => product * n, 1);
  const binary = task.kind === "classification" && task.classes.length === 2;
  const numOutputs = task.kind === "classification" && !binary ? task.classes.length : 1;
  const channels = channelsFor(shape);
  const codes = task.kind === "classification" ? Object.fromEntries(task.classes.map((name, i) => [name, i])) : null;
  const type = Object.entries(fileType.toDict()).filter(
    ([key, value]) => value !== null && key !== "description" && !(key === "extension" && value === ".nii.*"),
  );
  const transforms = [
    ...(spacing === null
      ? []
      : [
          { name_: "ToCanonical" },
          { name_: "Resample", target: [...spacing] },
          { name_: "CropOrPad", target_shape: [...shape] },
        ]),
    { name_: "ZNormalization" },
  ];
  const metrics =
    task.kind === "regression"
      ? { loss: named("LossMetric"), mae: named("MAEMetric"), r2: named("R2Metric") }
      : binary
        ? {
            loss: named("LossMetric"),
            auc: named("ROCAUCMetric"),
            balanced_accuracy: named("BalancedAccuracyMetric", BINARY),
          }
        : { loss: named("LossMetric"), balanced_accuracy: named("BalancedAccuracyMetric") };
  const loss = task.kind === "regression" ? "MSELoss" : binary ? "BCEWithLogitsLoss" : "CrossEntropyLoss";
  const best = task.kind === "regression" ? "mae" : binary ? "auc" : "balanced_accuracy";
  const sections: [comment: string, part: object][] = [
    [`The MAPS, where everything goes that the training gives.`, { maps }],
    [
      `The images, and what samples carry of the table${codes === null ? "" : "; classes become numbers"}.`,
      {
        dataset: {
          bids,
          file_type: Object.fromEntries(type),
          data,
          columns: { [task.label]: codes },
          transforms: { image_transforms: transforms },
        },
      },
    ],
    [
      "Participants are cut into folds; each fold is validated on by a training of its own.",
      {
        split: {
          make_kfold: {
            n_splits: folds,
            ...(task.kind === "classification" ? { stratification: task.label } : {}),
            seed,
          },
        },
      },
    ],
    [
      "Images of a step.",
      { train_loader: { batch_size: Math.max(1, Math.min(voxelCount > 2e6 ? 2 : voxelCount > 5e5 ? 4 : 8, images)) } },
    ],
    [
      "in_shape is one channel and the voxels of an image; after each of pooling_indices the image is halved.",
      {
        model: {
          label_key: task.label,
          network: {
            name_: "CNN",
            in_shape: [1, ...shape],
            num_outputs: numOutputs,
            conv_args: {
              channels,
              padding: 1,
              norm: "instance",
              act: "relu",
              pooling_indices: channels.map((_, i) => i),
            },
          },
          loss: { name_: loss },
          optimizer: { name_: "Adam", lr: 0.0003 },
        },
      },
    ],
    ["Computed on the validation data after each epoch.", { metrics }],
    [
      `The model of the best ${best} is kept beside the last one.`,
      {
        callbacks: [{ name_: "ModelCheckpointCallback", metric: best }],
        optimization: { num_epochs: 50 },
        computational: { seed },
      },
    ],
  ];
  return `${sections.map(([comment, part]) => `# ${comment}\n${yamlOf(part)}`).join("\n")}`;
}

/** Logits above 0 are class 1. */
const BINARY = {
  postprocessing: [
    { name_: "Activations", include: ["output"], sigmoid: true },
    { name_: "AsDiscrete", include: ["output"], threshold: 0.5 },
  ],
};

function named(name_: string, options: object = {}): object {
  return { name_, ...options };
}

/** Channels of the convolutions, each followed by a pooling, until an image is some 4 voxels wide. */
function channelsFor(shape: readonly number[]): number[] {
  const halvings = Math.max(1, Math.min(5, Math.floor(Math.log2(Math.min(...shape) / 3))));
  return Array.from({ length: halvings }, (_, i) => 8 * 2 ** i);
}

/** As people write YAML: what has only values in it stands on one line. */
function yamlOf(part: object): string {
  const document = new Document(part);
  visit(document, {
    Collection: (_, node) => {
      const values = node.items.map((item) => (isPair(item) ? item.value : item));
      const inside = node !== document.contents && !values.some(isCollection);
      if (inside && JSON.stringify(node.toJS(document)).length <= 100) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 120 });
}
