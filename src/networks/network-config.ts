import { z } from "zod";
import type { nn } from "../torch/index.ts";
import type { ToDict } from "../utils/config.ts";

/** A config that builds a network. */
export interface NetworkConfig extends ToDict {
  readonly name_: string;
  /** Builds the network; its weights are drawn from the global generator (`torch.manualSeed`). */
  getObject(): nn.Module;
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

/** Channels, then 1 to 3 spatial dimensions. */
export const inShape = z
  .array(z.int().positive())
  .min(
    2,
    "inShape is [channels, ...spatial size], of length 2 (1D), 3 (2D) or 4 (3D). The channel dimension may be missing",
  )
  .max(4, "inShape is [channels, ...spatial size], of length 2 (1D), 3 (2D) or 4 (3D)");
