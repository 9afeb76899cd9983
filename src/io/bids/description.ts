import { z } from "zod";
import type { JsonObject } from "../../utils/config.ts";
import { readJson } from "../json/index.ts";
import { BidsError } from "./errors.ts";

const schema = z.looseObject({
  Name: z.string(),
  BIDSVersion: z.string().regex(/^\d+\.\d+\.\d+$/, "Expected a version such as 1.7.0"),
  DatasetType: z.enum(["raw", "derivative", "study"], { error: "Expected 'raw', 'derivative' or 'study'" }),
});

/** What `dataset_description.json` says. Keys beyond these are allowed. */
export class DatasetDescription {
  readonly name: string;
  readonly bidsVersion: string;
  readonly datasetType: "raw" | "derivative" | "study";
  /** Whether it is a CAPS, the output folder of Clinica (it says its CAPSVersion). */
  readonly isCaps: boolean;

  /** @throws BidsError naming the key and its value; `path` is for messages. */
  constructor(content: JsonObject, path = "dataset_description.json") {
    const parsed = schema.safeParse(content);
    if (!parsed.success) {
      const lines = parsed.error.issues.map((issue) => {
        const key = String(issue.path[0] ?? "");
        const got = key in content ? `is ${JSON.stringify(content[key])}` : "is missing";
        return `'${key}' ${got}. ${issue.message}.`;
      });
      throw new BidsError(`${path}: ${lines.join(" ")}`);
    }
    this.name = parsed.data.Name;
    this.bidsVersion = parsed.data.BIDSVersion;
    this.datasetType = parsed.data.DatasetType;
    this.isCaps = "CAPSVersion" in content;
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
