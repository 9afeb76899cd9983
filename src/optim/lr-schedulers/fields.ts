/** Fields that several schedulers have, and values per parameter group. */
import { z } from "zod";
import type { optim } from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ELSE, isPerGroup, type PerGroup, perGroup } from "../optimizers/per-group.ts";

export const lastEpoch = z.int().min(-1).default(-1);
export const totalIters = z.int().positive().default(5);
export const positive = () => z.number().positive();

/** One value, one per parameter group in the optimizer's order, or one per group by name. */
type Values = PerGroup<number> | readonly number[];

/** Parses one value for all parameter groups, or one per group. */
export function values(value: z.ZodNumber) {
  return z.union([perGroup(value), z.array(value)]);
}

function byName(values: Values): values is Readonly<Record<string, number>> {
  return isPerGroup(values);
}

/**
 * One value for each of the optimizer's groups, which have names unless the optimizer was made without configs; or the one for all.
 * @param what the option, for messages.
 * @throws ConfigError when the groups are not the optimizer's.
 */
export function forGroups(what: string, values: Values, { paramGroups }: optim.Optimizer): number | number[] {
  if (typeof values === "number") return values;
  const named = paramGroups.flatMap(({ name }) => (name === undefined ? [] : [name]));
  if (byName(values) && named.length === paramGroups.length) {
    const unknown = Object.keys(values).find((group) => group !== ELSE && !named.includes(group));
    const found = named.flatMap((name) => values[name] ?? []);
    if (unknown === undefined && found.length === named.length) return found;
    throw new ConfigError(
      `${what} has values for ${Object.keys(values).join(", ")}, but the optimizer's parameter groups are ${named.join(", ")}. Name the same groups.`,
    );
  }
  const list = byName(values) ? inOrder(values) : [...values];
  if (list.length === paramGroups.length) return list;
  throw new ConfigError(
    `${what} has ${list.length} value(s), but the optimizer has ${paramGroups.length} parameter group(s). ` +
      "Give the scheduler the groups that the optimizer has.",
  );
}

/** The values in the order that the optimizer's groups should have: sorted by name, "ELSE" last. */
function inOrder(values: Readonly<Record<string, number>>): number[] {
  const names = Object.keys(values).filter((group) => group !== ELSE);
  return [...names.sort(), ELSE].flatMap((group) => values[group] ?? []);
}

/** Refuses options per group that name other groups than each other. For the `finish` of a config. */
export function checkSameGroups<F extends object>(fields: F, what: string): F {
  let first: { field: string; groups: string } | null = null;
  for (const [field, value] of Object.entries(fields)) {
    if (!isPerGroup(value)) continue;
    const groups = Object.keys(value).sort().join(", ");
    if (first === null) first = { field, groups };
    else if (first.groups !== groups) {
      throw new ConfigError(
        `${what}: '${first.field}' is for the groups ${first.groups}, but '${field}' for ${groups}. Give the groups of the optimizer to both.`,
        { fieldNames: [first.field, field] },
      );
    }
  }
  return fields;
}
