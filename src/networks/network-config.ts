import { z } from "zod";
import type { nn } from "../torch/index.ts";
import { show, type ToDict } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { SpatialDims } from "./blocks/layers.ts";

/**
 * A config that builds a network.
 *
 * @typeParam N the network: by default one that gives one tensor.
 */
export interface NetworkConfig<N extends nn.AnyModule = nn.Module> extends ToDict {
  readonly name_: string;
  /** Builds the network; its weights are drawn from the global generator (`torch.manualSeed`). */
  getObject(): N;
}

/** Letters A, D, N, each at most once. */
export const adnOrdering = z.string().superRefine((value, ctx) => {
  const wrong = [...value].find((letter) => !"ADN".includes(letter));
  if (wrong !== undefined) {
    ctx.addIssue({ code: "custom", message: `adnOrdering is made of 'A', 'D' and 'N'. Got '${wrong}'` });
  } else if (new Set(value).size !== value.length) {
    ctx.addIssue({ code: "custom", message: `adnOrdering cannot contain a letter twice` });
  }
});

/** A probability, or `null` for no dropout. */
export const dropout = z.number().min(0).max(1).nullable();

export const spatialDims = z.union([z.literal(1), z.literal(2), z.literal(3)], "spatialDims is 1, 2 or 3");

/** Channels, then 1 to 3 spatial dimensions. */
function imageShape(name: string) {
  const accepted = `${name} is [channels, ...spatial size], of length 2 (1D), 3 (2D) or 4 (3D)`;
  return z.array(z.int().positive()).min(2, `${accepted}. The channel dimension may be missing`).max(4, accepted);
}
/** The shape of the images that go in. */
export const inShape = imageShape("inShape");
/** The shape from which images are made. */
export const startShape = imageShape("startShape");

/**
 * How many dimensions a spatial size has.
 * @throws ConfigError when they are not 1 to 3.
 */
export function dimsOf(size: readonly number[]): SpatialDims {
  const { length } = size;
  if (length === 1 || length === 2 || length === 3) return length;
  throw new ConfigError(`The spatial size ${show(size)} has ${length} dimensions. Expected 1, 2 or 3.`);
}
