import { Bids, BidsFileType } from "../../io/bids/index.ts";
import { TransformsHandler } from "../../transforms/index.ts";
import { type JsonObject, type JsonValue, show } from "../../utils/config.ts";
import { CannotReadFieldError, MissingFieldsError, WrongFieldsError } from "../../utils/exceptions.ts";
import type { BidsDatasetOptions } from "./parts.ts";
import { withoutResampling } from "./resampling.ts";
import { type MaskInput, maskFromJson } from "./sources.ts";
import { Table } from "./table.ts";

const JSON_FIELDS = ["name_", "data", "transforms", "columns", "bids", "file_type", "masks"];

/** What `BidsDataset.toDict`, or ClinicaDL in Python, wrote. @throws for missing, unknown or unreadable fields. */
export function readDict(dict: JsonObject): { options: BidsDatasetOptions; table: Table } {
  const missing = JSON_FIELDS.filter((field) => !(field in dict));
  if (missing.length > 0)
    throw new MissingFieldsError(`BidsDataset: missing ${missing.map((f) => `'${f}'`).join(", ")}.`);
  const extra = Object.keys(dict).filter((field) => !JSON_FIELDS.includes(field));
  if (extra.length > 0) throw new WrongFieldsError(`BidsDataset: unknown ${extra.map((f) => `'${f}'`).join(", ")}.`);
  if (dict.name_ !== "BidsDataset") {
    throw new CannotReadFieldError(`BidsDataset: 'name_' is ${show(dict.name_)}, expected 'BidsDataset'.`, ["name_"]);
  }
  const masks =
    dict.masks === null
      ? null
      : Object.entries(objectAt(dict, "masks")).map(([name, json]) => [name, maskFromJson(name, json)]);
  const names = (masks ?? []).map(([name]) => String(name));
  const { transforms, resampleMasks } = withoutResampling(objectAt(dict, "transforms"), names);
  return {
    table: Table.fromDict(dict.data),
    options: {
      bids: Bids.fromDict(objectAt(dict, "bids")),
      fileType: BidsFileType.fromDict(objectAt(dict, "file_type")),
      transforms: TransformsHandler.fromDict(transforms),
      resampleMasks,
      columns: columnNames(dict.columns),
      masks: masks === null ? null : (Object.fromEntries(masks) as Record<string, MaskInput>),
    },
  };
}

/** The values on disk are encoded already, so that only the names of the columns count. */
function columnNames(json: JsonValue | undefined): string[] | null {
  if (json === null || json === undefined) return null;
  if (Array.isArray(json)) return json.map(String);
  if (typeof json === "object") return Object.keys(json);
  throw new CannotReadFieldError(`BidsDataset: 'columns' is ${show(json)}.`, ["columns"]);
}

function objectAt(dict: JsonObject, field: string): JsonObject {
  const value = dict[field];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new CannotReadFieldError(`BidsDataset: '${field}' is ${show(value)}, an object is needed.`, [field]);
}
