import { dropout } from "../dropout.ts";
import type { Tensor } from "../tensor.ts";
import { pyBool, pyFloat } from "./format.ts";
import { Module } from "./module.ts";
import { type InplaceOptions, rejectUnknown } from "./options.ts";

/**
 * In training, zeroes each element with probability `p` (default 0.5) and scales the others by 1 / (1 - p); in
 * evaluation, or with p = 0, its output is its input, the same object. The draws are PyTorch 2.6's.
 */
export class Dropout extends Module {
  readonly p: number;
  readonly inplace: boolean;

  constructor(p = 0.5, { inplace = false, ...rest }: InplaceOptions = {}) {
    super();
    rejectUnknown("Dropout", rest, ["inplace"]);
    if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout probability has to be between 0 and 1, but got ${p}`);
    this.p = p;
    this.inplace = inplace;
  }
  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    if (!this.inplace) return dropout(x, this.p, true);
    using dropped = dropout(x, this.p, true);
    return x.copy_(dropped);
  }
  override extraRepr(): string {
    return `p=${pyFloat(this.p)}, inplace=${pyBool(this.inplace)}`;
  }
}
