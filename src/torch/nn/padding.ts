/** Elements added around the last 1 to 3 dimensions; negative numbers take elements away. */
import { type Given, isNumber, knownOptions, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyFloat, pyInts } from "./format.ts";
import { Module } from "./module.ts";
import { type PerDim, perDim } from "./options.ts";

type Mode = "constant" | "reflect" | "replicate" | "circular";

abstract class Pad extends Module {
  /** Before and after, the last dimension first: left, right, top, bottom, front, back. */
  readonly padding: readonly number[];
  readonly #mode: Mode;

  constructor(layer: string, dims: number, mode: Mode, padding: PerDim, none: Given<object>) {
    super();
    knownOptions(layer, none, []);
    this.padding = perDim(layer, "padding", padding, 2 * dims);
    this.#mode = mode;
  }
  protected fill(): number | null {
    return null;
  }
  override forward(x: Tensor): Tensor {
    return ops.pad(x, [...this.padding], this.#mode, this.fill());
  }
  override extraRepr(): string {
    return pyInts(this.padding);
  }
}

abstract class ConstantPad extends Pad {
  readonly value: number;

  constructor(layer: string, dims: number, padding: PerDim, value: number, none: Given<object>) {
    super(layer, dims, "constant", padding, none);
    requireNumbers(layer, { value });
    this.value = value;
  }
  protected override fill(): number {
    return this.value;
  }
  override extraRepr(): string {
    const { value } = this;
    return `padding=${pyInts(this.padding)}, value=${isNumber(value) && Number.isInteger(value) ? value : pyFloat(value)}`;
  }
}

abstract class ZeroPad extends Pad {
  constructor(layer: string, dims: number, padding: PerDim, none: Given<object>) {
    super(layer, dims, "constant", padding, none);
  }
  protected override fill(): number {
    return 0;
  }
}

/**
 * `value` around (N, C, L) or (C, L). `padding`: one number, or 2 of them: left, right.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 2, 3]]);
 * using y = new torch.nn.ConstantPad1d([2, 1], 9).call(x);
 * console.log(y.toArray()); // → [ [ 9, 9, 1, 2, 3, 9 ] ]
 * ```
 */
export class ConstantPad1d extends ConstantPad {
  constructor(padding: PerDim, value: number, ...none: []) {
    super("ConstantPad1d", 1, padding, value, none);
  }
}
/**
 * `value` around (N, C, H, W) or (C, H, W). `padding`: one number, or 4 of them: left, right, top, bottom.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2]]]);
 * using y = new torch.nn.ConstantPad2d([1, 0, 0, 1], 9).call(x);
 * console.log(y.toArray()); // → [ [ [ 9, 1, 2 ], [ 9, 9, 9 ] ] ]
 * ```
 */
export class ConstantPad2d extends ConstantPad {
  constructor(padding: PerDim, value: number, ...none: []) {
    super("ConstantPad2d", 2, padding, value, none);
  }
}
/**
 * `value` around (N, C, D, H, W) or (C, D, H, W). `padding`: one number, or 6 of them: left, right, top, bottom, front, back.
 * @example
 * ```ts
 * using x = torch.ones([1, 4, 5, 6]);
 * using y = new torch.nn.ConstantPad3d([0, 2, 0, 1, 0, 0], -1).call(x);
 * console.log(y.shape); // → [ 1, 4, 6, 8 ]
 * ```
 */
export class ConstantPad3d extends ConstantPad {
  constructor(padding: PerDim, value: number, ...none: []) {
    super("ConstantPad3d", 3, padding, value, none);
  }
}
/**
 * Zeros around (N, C, L) or (C, L). `padding`: one number, or 2 of them: left, right.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 2, 3]]);
 * using y = new torch.nn.ZeroPad1d([2, -1]).call(x);
 * console.log(y.toArray()); // → [ [ 0, 0, 1, 2 ] ]
 * ```
 */
export class ZeroPad1d extends ZeroPad {
  constructor(padding: PerDim, ...none: []) {
    super("ZeroPad1d", 1, padding, none);
  }
}
/**
 * Zeros around (N, C, H, W) or (C, H, W). `padding`: one number, or 4 of them: left, right, top, bottom.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2]]]);
 * using y = new torch.nn.ZeroPad2d([1, 0, 0, 1]).call(x);
 * console.log(y.toArray()); // → [ [ [ 0, 1, 2 ], [ 0, 0, 0 ] ] ]
 * ```
 */
export class ZeroPad2d extends ZeroPad {
  constructor(padding: PerDim, ...none: []) {
    super("ZeroPad2d", 2, padding, none);
  }
}
/**
 * Zeros around (N, C, D, H, W) or (C, D, H, W). `padding`: one number, or 6 of them: left, right, top, bottom, front, back.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const x = torch.ones([1, 4, 5, 6]);
 * const y = new torch.nn.ZeroPad3d(1).call(x);
 * console.log(y.shape, y.sum().item()); // → [ 1, 6, 7, 8 ] 120
 * ```
 */
export class ZeroPad3d extends ZeroPad {
  constructor(padding: PerDim, ...none: []) {
    super("ZeroPad3d", 3, padding, none);
  }
}
/**
 * The elements mirrored at the borders of (N, C, L) or (C, L), which are not repeated. `padding`: one number, or 2 of them: left, right.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 2, 3]]);
 * using y = new torch.nn.ReflectionPad1d(2).call(x);
 * console.log(y.toNumbers().join(" ")); // → 3 2 1 2 3 2 1
 * ```
 */
export class ReflectionPad1d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("ReflectionPad1d", 1, "reflect", padding, none);
  }
}
/**
 * The elements mirrored at the borders of (N, C, H, W) or (C, H, W), which are not repeated. `padding`: one number, or 4 of them: left, right, top, bottom.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2], [3, 4]]]);
 * using y = new torch.nn.ReflectionPad2d([1, 0, 0, 0]).call(x);
 * console.log(y.toArray()); // → [ [ [ 2, 1, 2 ], [ 4, 3, 4 ] ] ]
 * ```
 */
export class ReflectionPad2d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("ReflectionPad2d", 2, "reflect", padding, none);
  }
}
/**
 * The elements mirrored at the borders of (N, C, D, H, W) or (C, D, H, W), which are not repeated. `padding`: one number, or 6 of them: left, right, top, bottom, front, back.
 * @example
 * ```ts
 * using x = torch.ones([1, 4, 5, 6]);
 * using y = new torch.nn.ReflectionPad3d(2).call(x);
 * console.log(y.shape); // → [ 1, 8, 9, 10 ]
 * ```
 */
export class ReflectionPad3d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("ReflectionPad3d", 3, "reflect", padding, none);
  }
}
/**
 * The elements at the borders of (N, C, L) or (C, L) repeated. `padding`: one number, or 2 of them: left, right.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 2, 3]]);
 * using y = new torch.nn.ReplicationPad1d(2).call(x);
 * console.log(y.toNumbers().join(" ")); // → 1 1 1 2 3 3 3
 * ```
 */
export class ReplicationPad1d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("ReplicationPad1d", 1, "replicate", padding, none);
  }
}
/**
 * The elements at the borders of (N, C, H, W) or (C, H, W) repeated. `padding`: one number, or 4 of them: left, right, top, bottom.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2], [3, 4]]]);
 * using y = new torch.nn.ReplicationPad2d([1, 0, 0, 0]).call(x);
 * console.log(y.toArray()); // → [ [ [ 1, 1, 2 ], [ 3, 3, 4 ] ] ]
 * ```
 */
export class ReplicationPad2d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("ReplicationPad2d", 2, "replicate", padding, none);
  }
}
/**
 * The elements at the borders of (N, C, D, H, W) or (C, D, H, W) repeated. `padding`: one number, or 6 of them: left, right, top, bottom, front, back.
 * @example
 * ```ts
 * using x = torch.ones([1, 4, 5, 6]);
 * using y = new torch.nn.ReplicationPad3d(2).call(x);
 * console.log(y.shape); // → [ 1, 8, 9, 10 ]
 * ```
 */
export class ReplicationPad3d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("ReplicationPad3d", 3, "replicate", padding, none);
  }
}
/**
 * The elements of the other side of (N, C, L) or (C, L). `padding`: one number, or 2 of them: left, right.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 2, 3]]);
 * using y = new torch.nn.CircularPad1d([1, 2]).call(x);
 * console.log(y.toArray()); // → [ [ 3, 1, 2, 3, 1, 2 ] ]
 * ```
 */
export class CircularPad1d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("CircularPad1d", 1, "circular", padding, none);
  }
}
/**
 * The elements of the other side of (N, C, H, W) or (C, H, W). `padding`: one number, or 4 of them: left, right, top, bottom.
 * @example
 * ```ts
 * using x = torch.tensor([[[1, 2], [3, 4]]]);
 * using y = new torch.nn.CircularPad2d([1, 0, 0, 0]).call(x);
 * console.log(y.toArray()); // → [ [ [ 2, 1, 2 ], [ 4, 3, 4 ] ] ]
 * ```
 */
export class CircularPad2d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("CircularPad2d", 2, "circular", padding, none);
  }
}
/**
 * The elements of the other side of (N, C, D, H, W) or (C, D, H, W). `padding`: one number, or 6 of them: left, right, top, bottom, front, back.
 * @example
 * ```ts
 * using x = torch.ones([1, 4, 5, 6]);
 * using y = new torch.nn.CircularPad3d(2).call(x);
 * console.log(y.shape); // → [ 1, 8, 9, 10 ]
 * ```
 */
export class CircularPad3d extends Pad {
  constructor(padding: PerDim, ...none: []) {
    super("CircularPad3d", 3, "circular", padding, none);
  }
}
