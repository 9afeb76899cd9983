/** The JSON schema of experiment files, by which editors complete and check them. */
import { callbackRegistry } from "../../../callbacks/index.ts";
import { DataLoaderConfig } from "../../../data/dataloader/index.ts";
import { datasetRegistry } from "../../../data/datasets/index.ts";
import { infererRegistry } from "../../../infer/index.ts";
import { BidsFileType } from "../../../io/bids/index.ts";
import { lossRegistry } from "../../../losses/index.ts";
import { metricRegistry } from "../../../metrics/index.ts";
import { modelRegistry } from "../../../models/index.ts";
import { networkRegistry } from "../../../networks/index.ts";
import { lrSchedulerRegistry, OptimizationConfig, optimizerRegistry } from "../../../optim/index.ts";
import { makeKFoldSchema } from "../../../split/make-kfold.ts";
import { makeLeaveOneGroupOutSchema } from "../../../split/make-leave-one-group-out.ts";
import { makeSplitSchema } from "../../../split/make-split.ts";
import { ComputationalConfig } from "../../../train/index.ts";
import { extractionRegistry, transformRegistry } from "../../../transforms/index.ts";
import type { Experiment } from "../schema.ts";
import { datasetShape } from "./datasets.ts";
import { readDescriptions } from "./descriptions.ts";
import { described, inSnakeCase, listOf, object, type Schema, type Shapes, shapeOf } from "./shapes.ts";

/** What is one of several classes. */
const KINDS = {
  network: networkRegistry,
  loss: lossRegistry,
  optimizer: optimizerRegistry,
  scheduler: lrSchedulerRegistry,
  metric: metricRegistry,
  transform: transformRegistry,
  extraction: extractionRegistry,
  inferer: infererRegistry,
  callback: callbackRegistry,
} as const;

const of = (kind: keyof typeof KINDS | "dataset" | "model"): Schema => ({ $ref: `#/$defs/${kind}` });
const transforms = listOf(of("transform"));
/** Options that hold objects of other classes. */
const HELD: Shapes = {
  postprocessing: { anyOf: [transforms, of("transform")] },
  transform: of("transform"),
  scheduler: of("scheduler"),
  inferer: of("inferer"),
};
/** How images become samples. */
const HANDLER = object({
  extraction: of("extraction"),
  imageTransforms: transforms,
  sampleTransforms: transforms,
  augmentations: transforms,
});
/** Of a MultiTaskModel. */
const TASK = object(
  {
    loss: of("loss"),
    weight: { type: "number", minimum: 0 },
    numOutputs: { type: "integer", minimum: 1 },
    labelKey: { type: "string" },
  },
  ["loss"],
);
/** Of any model; one's own may have other options besides. @param task what a task of a MultiTaskModel is. */
const modelShape = (task: Schema): Schema => ({
  type: "object",
  properties: {
    network: of("network"),
    loss: { ...of("loss"), description: "What is made small in training." },
    optimizer: of("optimizer"),
    inferer: of("inferer"),
    labelKey: { type: "string" },
    tasks: { type: "object", additionalProperties: task, description: "Of a MultiTaskModel, by names of one's own." },
  },
});

/**
 * The schema of experiment files with every class that is registered, as JSON Schema of 2020-12.
 * @param spelling how keys are spelt; a file may have either. Default "snake_case".
 */
export function experimentJsonSchema(spelling: "snake_case" | "camelCase" = "snake_case"): Schema {
  const said = readDescriptions();
  const text: Schema = { type: "string" };
  const say = (name: string, shape: Schema): Schema => described(shape, said[name] ?? {});
  const loader = say("DataLoaderConfig", shapeOf(DataLoaderConfig.schema, HELD));
  const properties: Record<keyof Experiment, Schema> = {
    baseDir: text,
    modules: listOf(text),
    maps: text,
    dataset: of("dataset"),
    evalDataset: of("dataset"),
    split: {
      ...object({
        makeKfold: say("makeKFoldSchema", shapeOf(makeKFoldSchema, {})),
        makeSplit: say("makeSplitSchema", shapeOf(makeSplitSchema, {})),
        makeLeaveOneGroupOut: say("makeLeaveOneGroupOutSchema", shapeOf(makeLeaveOneGroupOutSchema, {})),
        directory: text,
      }),
      minProperties: 1,
      maxProperties: 1,
    },
    trainLoader: loader,
    valLoader: loader,
    model: of("model"),
    metrics: { type: "object", additionalProperties: of("metric") },
    optimization: say("OptimizationConfig", shapeOf(OptimizationConfig.schema, HELD)),
    // what is left out is chosen
    computational: { ...say("ComputationalConfig", shapeOf(ComputationalConfig.schema, HELD)), required: [] },
    callbacks: listOf(of("callback")),
  };
  const kinds = Object.entries(KINDS).map(([kind, registry]) =>
    definitions(kind, registry.names, (name) => {
      const Class = registry.get(name);
      const whole = said[Class?.name ?? ""]?.[""];
      return {
        ...say(Class?.name ?? "", shapeOf(Class?.schema, HELD)),
        ...(whole === undefined ? {} : { description: whole }),
      };
    }),
  );
  const handler = say("TransformsHandlerOptions", HANDLER);
  const fileType = say("BidsFileType", shapeOf(BidsFileType.schema, {}));
  const dataset = definitions(
    "dataset",
    datasetRegistry.names,
    (name) => say(`${name}Options`, datasetShape(name, of("dataset"), handler, fileType)),
    "BidsDataset",
  );
  const model = definitions(
    "model",
    modelRegistry.names,
    () => say("SupervisedModelOptions", modelShape(say("TaskOptions", TASK))),
    "SupervisedModel",
  );
  const whole: Schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "An experiment of ClinicaDL",
    ...say("experimentSchema", object(properties, ["maps", "dataset", "split", "model"])),
    $defs: Object.assign({}, ...kinds, dataset, model),
  };
  return spelling === "camelCase" ? whole : inSnakeCase(whole);
}

/** A definition for each class of a kind, and one for the kind: the class that `name_` says, or that is meant without one. */
function definitions(
  kind: string,
  names: readonly string[],
  shape: (name: string) => Schema,
  byDefault?: string,
): Shapes {
  const classes = names.flatMap((name) => {
    const { properties, $defs = {}, ...rest } = shape(name);
    const whole = { ...rest, properties: { name_: { const: name }, ...Object(properties) } };
    // what a class defines for itself gets a name of its own
    const own: [string, unknown][] = Object.entries($defs ?? {}).map(([inner, one]) => [
      `${kind}.${name}.${inner}`,
      one,
    ]);
    const all: [string, unknown][] = [[`${kind}.${name}`, whole], ...own];
    return all.map(([key, one]): [string, Schema] => {
      const text = JSON.stringify(one).replaceAll('"#/$defs/__', `"#/$defs/${kind}.${name}.__`);
      return [key, JSON.parse(text)];
    });
  });
  const chosen = names.map((name) => ({
    if: { properties: { name_: { const: name } }, required: name === byDefault ? [] : ["name_"] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
    then: { $ref: `#/$defs/${kind}.${name}` },
  }));
  const required = byDefault === undefined ? ["name_"] : [];
  return {
    [kind]: { type: "object", properties: { name_: { enum: [...names] } }, required, allOf: chosen },
    ...Object.fromEntries(classes),
  };
}
