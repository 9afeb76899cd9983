import { z } from "zod";
import type { JsonObject } from "../../utils/config.ts";
import { readJson } from "../json/index.ts";
import { BidsError } from "./errors.ts";

const VERSION = "Expected a version such as 1.7.0";
const schema = z.looseObject({
  Name: z.string(),
  // 1.7.0, but also 1.4, 1.0.0rc3, or a number: nothing here depends on it
  BIDSVersion: z.union([z.string().regex(/\d/, VERSION), z.number()], { error: VERSION }).transform(String),
  DatasetType: z.enum(["raw", "derivative", "study"], { error: "Expected 'raw', 'derivative' or 'study'" }).optional(),
});

/**
 * What `dataset_description.json` says. Keys beyond these are allowed.
 * @example
 * ```ts
 * const { name, datasetType } = new DatasetDescription({ Name: "A study", BIDSVersion: "1.10.0", DatasetType: "raw" });
 * console.log(name, datasetType); // → A study raw
 * ```
 */
export class DatasetDescription {
  readonly name: string;
  readonly bidsVersion: string;
  /** Where it is not said, raw, as in the BIDS specification; a CAPS is a derivative. */
  readonly datasetType: "raw" | "derivative" | "study";
  /** Whether it is a CAPS, the output folder of Clinica (it says its CAPSVersion). */
  readonly isCaps: boolean;

  /** @throws BidsError naming the key and its value; `path` is for messages. */
  constructor(content: JsonObject, path = "dataset_description.json") {
    const parsed = schema.safeParse(content);
    if (!parsed.success) {
      const lines = parsed.error.issues.map((issue) => {
        const key = String(issue.path[0] ?? "");
        const got = Object.hasOwn(content, key) ? `is ${JSON.stringify(content[key])}` : "is missing";
        return `'${key}' ${got}. ${issue.message}.`;
      });
      throw new BidsError(`${path}: ${lines.join(" ")}`);
    }
    this.name = parsed.data.Name;
    this.bidsVersion = parsed.data.BIDSVersion;
    this.isCaps = Object.hasOwn(content, "CAPSVersion");
    this.datasetType = parsed.data.DatasetType ?? (this.isCaps ? "derivative" : "raw");
    if (this.isCaps && this.datasetType !== "derivative") {
      throw new BidsError(
        `${path}: with a CAPSVersion, 'DatasetType' must be 'derivative'. It is '${this.datasetType}'.`,
      );
    }
  }

  static fromJson(path: string): DatasetDescription {
    return new DatasetDescription(readJson(path), path);
  }
}
