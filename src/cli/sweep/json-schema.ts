/** The JSON schema of sweep files, by which editors complete and check them. */
import { choiceSchema, rangeSchema, sweepSchema } from "../../sweep/index.ts";
import { readDescriptions } from "../experiment/json-schema/descriptions.ts";
import { described, inSnakeCase, type Schema, shapeOf } from "../experiment/json-schema/shapes.ts";

/**
 * The schema of sweep files, as JSON Schema of 2020-12.
 * @param spelling how keys are spelt; a file may have either. Default "snake_case".
 */
export function sweepJsonSchema(spelling: "snake_case" | "camelCase" = "snake_case"): Schema {
  const said = readDescriptions();
  const say = (name: string, schema: object): Schema => described(shapeOf(schema, {}), said[name] ?? {});
  const parameters: Schema = {
    type: "object",
    minProperties: 1,
    additionalProperties: { anyOf: [say("rangeSchema", rangeSchema), say("choiceSchema", choiceSchema)] },
  };
  const shape = shapeOf(sweepSchema, {});
  const properties = { ...Object(shape.properties), parameters };
  const whole: Schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A sweep of ClinicaDL",
    ...described({ ...shape, properties }, said.sweepSchema ?? {}),
  };
  return spelling === "camelCase" ? whole : inSnakeCase(whole);
}
