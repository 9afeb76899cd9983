/** What the doc comments of this package say of classes and their options, in editors that have the schema. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** By the name of a class, schema or interface of options, then by that of an option; "" for the whole. */
type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const schema = z.record(z.string(), z.record(z.string(), z.string()));
const FILE = fileURLToPath(new URL("./generated/descriptions.json", import.meta.url));

/** Those that the setup has collected. */
export function readDescriptions(): Descriptions {
  return schema.parse(JSON.parse(readFileSync(FILE, "utf8")));
}
