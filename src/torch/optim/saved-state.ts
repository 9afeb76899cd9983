/** Reading what `stateDict` of an optimizer wrote, here or in Python. */
import type { z } from "zod";
import { parseWith, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { snakeToCamel } from "../../utils/names.ts";
import { noGrad } from "../autograd.ts";
import { tensor } from "../creation.ts";
import { Tensor } from "../tensor.ts";
import { isFloatingPoint } from "../types.ts";

/** What an optimizer remembers of one parameter; PyTorch's names. */
export type ParamState = Record<string, Tensor>;

/**
 * A saved group: the numbers of its parameters, and its options, checked as those of the constructor are.
 * @param declared the options that the optimizer has.
 */
export function readGroup(
  given: unknown,
  what: string,
  { schema, declared }: { readonly schema: z.ZodType<object>; readonly declared: readonly string[] },
): { numbers: unknown[]; options: Record<string, unknown> } {
  if (typeof given !== "object" || given === null) throw new ConfigError(`${what} got ${show(given)}.`);
  const { params, ...rest } = given as Record<string, unknown>;
  if (!Array.isArray(params)) throw new ConfigError(`${what}: 'params' got ${show(params)}. Expected numbers.`);
  const options = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [snakeToCamel(key), optionOf(value, `${what}: '${key}'`)]),
  );
  // what schedulers and newer versions of PyTorch put in a group is kept as it is
  const there = declared.filter((key) => options[key] !== undefined);
  parseWith(schema, Object.fromEntries(there.map((key) => [key, options[key]])), what);
  return { numbers: params, options };
}

/**
 * A copy of the saved state of a parameter.
 * @param scalarStates those of its tensors that are a single number each.
 * @throws ConfigError when one of them does not have the shape of the parameter; nothing is left then.
 */
export function readState(param: Tensor, values: unknown, what: string, scalarStates: readonly string[]): ParamState {
  using _ = noGrad();
  const state: ParamState = {};
  try {
    for (const [key, value] of entriesOf(values)) {
      // PyTorch's older files have plain numbers for steps, and null for a momentum that was never used
      if (value === null) continue;
      const name = String(key);
      if (value instanceof Tensor)
        state[name] = copyState(param, name, value, { what, scalar: scalarStates.includes(name) });
      else if (typeof value === "number" && scalarStates.includes(name)) state[name] = stepTensor(value);
      else
        throw new ConfigError(`loadStateDict: the state '${name}' of ${what} got ${show(value)}. Expected a tensor.`);
    }
  } catch (error) {
    for (const held of Object.values(state)) held.dispose();
    throw error;
  }
  return state;
}

function copyState(
  param: Tensor,
  name: string,
  value: Tensor,
  { what, scalar }: { readonly what: string; readonly scalar: boolean },
): Tensor {
  const expected = scalar ? [] : param.shape;
  if (value.shape.join() !== expected.join() && !(scalar && value.numel() === 1)) {
    throw new ConfigError(
      `loadStateDict: the state '${name}' of ${what} has the shape [${value.shape.join(", ")}], ${scalar ? "and should be one number" : `its parameter [${expected.join(", ")}]`}. Was it saved for another network?`,
    );
  }
  const cast = !scalar && isFloatingPoint(param.dtype);
  return value.to({ ...(cast ? { dtype: param.dtype, device: param.device } : {}), copy: true }).keep();
}

/** The value of a saved option: numbers that PyTorch keeps as tensors (`lr` with `capturable`) are numbers here. */
function optionOf(value: unknown, what: string): unknown {
  if (value instanceof Tensor) {
    if (value.numel() === 1) return value.item();
    throw new ConfigError(`${what} is a tensor of shape [${value.shape.join(", ")}]. Expected one number.`);
  }
  return Array.isArray(value) ? value.map((v) => optionOf(v, what)) : value;
}

/** What a saved dict holds, whatever became of it in reading. */
export function entriesOf(value: unknown): [unknown, unknown][] {
  if (value instanceof Map) return [...value];
  return Object.entries((value ?? {}) as object);
}

/** A step count as PyTorch keeps it: float32 without dimensions, on the CPU. */
export function stepTensor(value: number): Tensor {
  return tensor(value).keep();
}
