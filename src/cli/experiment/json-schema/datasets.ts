/** What datasets take in an experiment file. Their options are checked by their own code, so that they have no schema to make this of. */
import type {
  BidsDatasetOptions,
  PairedOptions,
  TensorDatasetOptions,
  UnpairedOptions,
} from "../../../data/datasets/index.ts";
import { listOf, object, type Schema, type Shapes } from "./shapes.ts";

const text: Schema = { type: "string" };
const table: Schema = {
  description: "A TSV with participant_id and session_id, or rows. Default: every session that has such an image.",
  anyOf: [text, listOf({ type: "object" }), { type: "null" }],
};
const columns: Schema = {
  description:
    "The columns that samples carry; or by name null, or a code for each value: { diagnosis: { CN: 0, AD: 1 } }.",
  anyOf: [listOf(text), { type: "object", additionalProperties: { type: ["object", "null"] } }, { type: "null" }],
};
const cache: Schema = {
  description: 'Where images stay once they were read. Default "auto".',
  anyOf: [{ enum: ["auto", "memory", "disk", "off"] }, object({ disk: text, maxBytes: { type: "number" } }, ["disk"])],
};

/**
 * @param dataset what stands for any dataset.
 * @param transforms what stands for how images become samples.
 * @param fileType what a kind of files is.
 */
export function datasetShape(name: string, dataset: Schema, transforms: Schema, fileType: Schema): Schema {
  switch (name) {
    case "BidsDataset": {
      const options: Record<keyof BidsDatasetOptions, Schema> = {
        bids: { ...text, description: "The directory of the dataset, derivative or CAPS." },
        fileType,
        data: table,
        transforms,
        columns,
        masks: {
          description: "Masks by name: a file for all, a file type, or a pair of another dataset and a file type.",
          type: ["object", "null"],
          additionalProperties: {
            anyOf: [text, fileType, { type: "array", prefixItems: [text, fileType], minItems: 2 }],
          },
        },
        resampleMasks: { enum: ["toImage", null] },
        cache,
      };
      return object(options, ["bids", "fileType"]);
    }
    case "TensorDataset": {
      const options: Record<keyof TensorDatasetOptions, Schema> = {
        descriptionJson: { ...text, description: "What `toTensors` wrote: …_conv-<name>_description.json." },
        data: table,
        transforms,
        columns,
        toLoad: { anyOf: [listOf(text), { type: "null" }] },
        cache,
      };
      return object(options, ["descriptionJson"]);
    }
    case "ConcatDataset":
      return collection(dataset, {});
    case "PairedDataset": {
      const options: Record<keyof PairedOptions, Schema> = {
        missing: {
          description:
            'Sessions that some of the datasets lack: an error, left out, or zeros in place of the image. Default "error".',
          enum: ["error", "ignore", "zeros"],
        },
      };
      return collection(dataset, options);
    }
    case "UnpairedDataset": {
      const options: Record<keyof UnpairedOptions, Schema> = {
        oversample: {
          description:
            "True: samples of smaller datasets come several times, so that all of the largest come. Default false.",
          type: "boolean",
        },
      };
      return collection(dataset, options);
    }
    default: {
      const members: Shapes = { datasets: { ...listOf(dataset), description: "The datasets that it is made of." } };
      return { type: "object", properties: members };
    }
  }
}

/** Several datasets as one, with what such a dataset takes beside them. */
function collection(dataset: Schema, options: Shapes): Schema {
  const datasets = { ...listOf(dataset), description: "The datasets that it is made of." };
  return object({ datasets, ...options }, ["datasets"]);
}
