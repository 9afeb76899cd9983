/**
 * The tensor: a handle on libtorch's. Memory is owned, not collected: dispose what you make, or make it in a scope (`owned-handle.ts`).
 * The operators that have `self` as their first argument are methods too; they are generated (`generated/methods.ts`).
 */
import { show } from "../utils/config.ts";
import { conversion } from "./conversion.ts";
import { nested, numbers, refuseComplex, typedArray } from "./elements.ts";
import { type BinaryArray, type Handle, type NativeValue, native } from "./native.ts";
import { OwnedHandle } from "./owned-handle.ts";
import { formatTensor } from "./print.ts";
import { type DType, type MemoryFormat, memoryFormats, type NestedArray, type TypedArray } from "./types.ts";
import { checkOneOf } from "./words.ts";

export interface ToOptions {
  /** Default: as it is. */
  readonly dtype?: DType | undefined;
  /** "cpu", "cuda" or "cuda:0"; default: where it is. */
  readonly device?: string | undefined;
  /** Default: as it is. */
  readonly memoryFormat?: MemoryFormat | undefined;
  /** Whether a copy to a GPU is not waited for; default false. */
  readonly nonBlocking?: boolean | undefined;
  /** Whether the memory is a new one even where nothing changes; default false. */
  readonly copy?: boolean | undefined;
}

const TO_OPTIONS = ["dtype", "device", "memoryFormat", "nonBlocking", "copy"] as const;

/**
 * Numbers of one type in a shape, on a device. {@link tensor} makes one, `torch.zeros` and the like do, and every operator is a function and a method.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 2], [3, 4]]);
 * using y = x.mul(2);
 * console.log(y); // → tensor([[2., 4.],
 * // →         [6., 8.]])
 * ```
 */
export class Tensor extends OwnedHandle {
  /**
   * Whether it is a tensor.
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * console.log(torch.Tensor.isTensor(x), torch.Tensor.isTensor([1, 1])); // → true false
   * ```
   */
  static isTensor(value: unknown): value is Tensor {
    return value instanceof Tensor;
  }

  /**
   * The length along each dimension.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * console.log(x.shape); // → [ 2, 3 ]
   * ```
   */
  get shape(): readonly number[] {
    return native.shape(this.handleFor("shape"));
  }
  /**
   * The type of the elements.
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * console.log(x.dtype); // → float32
   * ```
   */
  get dtype(): DType {
    return native.dtype(this.handleFor("dtype")) as DType;
  }
  /**
   * "cpu" or "cuda:0".
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * console.log(x.device); // → cpu
   * ```
   */
  get device(): string {
    return native.device(this.handleFor("device"));
  }
  /**
   * How many dimensions there are, as {@link dim} gives them.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * console.log(x.ndim); // → 2
   * ```
   */
  get ndim(): number {
    return this.shape.length;
  }
  /**
   * How many dimensions there are.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * console.log(x.dim()); // → 2
   * ```
   */
  dim(): number {
    return this.shape.length;
  }
  /**
   * How many elements there are.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * console.log(x.numel()); // → 6
   * ```
   */
  numel(): number {
    return native.numel(this.handleFor("numel"));
  }
  /**
   * The length along `dim`; a negative one counts from the end.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * console.log(x.size(0), x.size(-1)); // → 2 3
   * ```
   */
  size(dim: number): number {
    const shape = this.shape;
    const length = shape[dim < 0 ? dim + shape.length : dim];
    if (length === undefined) {
      throw new RangeError(`size: dimension ${dim} of a tensor of ${shape.length} dimensions does not exist.`);
    }
    return length;
  }
  /**
   * In elements, not bytes.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * using transposed = x.t();
   * console.log(x.stride(), transposed.stride()); // → [ 3, 1 ] [ 1, 3 ]
   * ```
   */
  stride(): readonly number[] {
    return native.stride(this.handleFor("stride"));
  }
  /**
   * Where in its memory the first element is, in elements.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * using second = x.select(0, 1);
   * console.log(second.storageOffset()); // → 3
   * ```
   */
  storageOffset(): number {
    return native.storageOffset(this.handleFor("storageOffset"));
  }
  /**
   * Equal for tensors that share memory.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * using view = x.t();
   * using copy = x.clone();
   * console.log(view.storageId() === x.storageId(), copy.storageId() === x.storageId()); // → true false
   * ```
   */
  storageId(): bigint {
    return native.storageId(this.handleFor("storageId"));
  }
  /**
   * Equal for two objects that stand for the same tensor of libtorch.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * using same = x.alias();
   * using view = x.t();
   * console.log(same.tensorId() === x.tensorId(), view.tensorId() === x.tensorId()); // → true false
   * ```
   */
  tensorId(): bigint {
    return native.tensorId(this.handleFor("tensorId"));
  }
  /**
   * Whether the elements lie in memory in the order of their indices, or in that of the format.
   * @example
   * ```ts
   * using x = torch.ones([2, 3]);
   * using transposed = x.t();
   * console.log(x.isContiguous(), transposed.isContiguous()); // → true false
   * ```
   */
  isContiguous(format: MemoryFormat = "contiguous"): boolean {
    checkOneOf("isContiguous", "format", format, memoryFormats);
    return native.isContiguous(this.handleFor("isContiguous"), format);
  }
  /**
   * Whether the memory is locked, from where a GPU copies faster.
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * console.log(x.isPinned()); // → false
   * ```
   */
  isPinned(): boolean {
    return native.isPinned(this.handleFor("isPinned"));
  }

  /**
   * Whether gradients are recorded for it.
   * @example
   * ```ts
   * using weight = torch.ones([2]);
   * weight.requiresGrad = true;
   * using sum = weight.sum();
   * console.log(sum.requiresGrad); // → true
   * ```
   */
  get requiresGrad(): boolean {
    return native.requiresGrad(this.handleFor("requiresGrad"));
  }
  set requiresGrad(value: boolean) {
    native.setRequiresGrad(this.handleFor("requiresGrad"), value);
  }
  /**
   * As `requiresGrad = value`; the same object.
   * @example
   * ```ts
   * using weight = torch.ones([2]).requiresGrad_();
   * console.log(weight.requiresGrad); // → true
   * ```
   */
  requiresGrad_(value = true): this {
    this.requiresGrad = value;
    return this;
  }
  /**
   * Whether no recorded operator made it, so that `backward` leaves its gradient here.
   * @example
   * ```ts
   * using weight = torch.ones([2], { requiresGrad: true });
   * using sum = weight.sum();
   * console.log(weight.isLeaf, sum.isLeaf); // → true false
   * ```
   */
  get isLeaf(): boolean {
    return native.isLeaf(this.handleFor("isLeaf"));
  }
  /**
   * The name of the function that made this tensor (`AddBackward0`), or null.
   * @example
   * ```ts
   * using weight = torch.ones([2], { requiresGrad: true });
   * using sum = weight.sum();
   * console.log(weight.gradFn, sum.gradFn); // → null SumBackward0
   * ```
   */
  get gradFn(): string | null {
    return native.gradFn(this.handleFor("gradFn"));
  }
  /**
   * The gradient that `backward` left here, or null. Each access makes a new object: dispose it, or be in a scope.
   * @example
   * ```ts
   * using weight = torch.ones([2], { requiresGrad: true });
   * using sum = weight.sum();
   * sum.backward();
   * using gradient = weight.grad;
   * console.log(gradient?.toNumbers()); // → [ 1, 1 ]
   * ```
   */
  get grad(): Tensor | null {
    const handle = native.grad(this.handleFor("grad"));
    return handle === null ? null : new Tensor(handle);
  }
  set grad(value: Tensor | null) {
    native.setGrad(this.handleFor("grad"), value === null ? null : value.handleFor("grad"));
  }
  /**
   * Gradients of this tensor with respect to every leaf that requires one, added to their `grad`.
   * @example
   * ```ts
   * using weight = torch.tensor([2, 3], { requiresGrad: true });
   * using square = weight.square();
   * using direction = torch.tensor([1, 10]);
   * square.backward(direction); // without an argument for one number
   * using gradient = weight.grad;
   * console.log(gradient?.toNumbers()); // → [ 4, 60 ]
   * ```
   */
  backward(gradient: Tensor | null = null, options: { retainGraph?: boolean; createGraph?: boolean } = {}): void {
    native.backward(
      [this.handleFor("backward")],
      [gradient === null ? null : gradient.handleFor("backward")],
      options.retainGraph ?? options.createGraph ?? false,
      options.createGraph ?? false,
    );
  }
  /**
   * Calls `hook` with each gradient that reaches this tensor; what it returns replaces the gradient. `remove()` ends that,
   * also after the tensor was disposed. A tensor with a hook cannot go to another thread.
   * @example
   * ```ts
   * using weight = torch.tensor([2], { requiresGrad: true });
   * const hook = weight.registerHook((gradient) => gradient.neg());
   * using square = weight.square();
   * square.backward();
   * hook.remove();
   * using gradient = weight.grad;
   * console.log(gradient?.toNumbers()); // → [ -4 ]
   * ```
   */
  registerHook(hook: (gradient: Tensor) => Tensor | undefined): { remove(): void } {
    let removed = false;
    const id = native.registerHook(this.handleFor("registerHook"), (handle) => {
      const gradient = new Tensor(handle);
      const replaced = removed ? undefined : callHook(hook, gradient);
      if (replaced === undefined) {
        if (gradient.scope === null && !gradient.kept) gradient.dispose();
        return undefined;
      }
      return replaced.handleFor("registerHook");
    });
    return {
      remove: () => {
        if (!removed && !this.disposed) native.removeHook(this.handleFor("removeHook"), id);
        removed = true;
      },
    };
  }

  /**
   * The one element, as a number; a boolean is 0 or 1.
   * @example
   * ```ts
   * using x = torch.tensor([[2.5]]);
   * console.log(x.item()); // → 2.5
   * ```
   */
  item(): number {
    const value = native.item(this.handleFor("item"));
    if (typeof value === "number") return value;
    if (typeof value === "bigint")
      throw new RangeError(`item: ${value} does not fit a number exactly; use toTypedArray().`);
    throw new TypeError("item: the element is complex; use toTypedArray().");
  }

  /**
   * The elements in contiguous order, copied. bfloat16 and float16 come as Float32Array, bool as Uint8Array.
   * @example
   * ```ts
   * using x = torch.tensor([[1, 2]], { dtype: "int64" });
   * console.log(x.toTypedArray()); // → BigInt64Array(2) [ 1n, 2n ]
   * ```
   */
  toTypedArray(): TypedArray {
    const dtype = this.dtype;
    if (dtype === "float16" || dtype === "bfloat16") {
      const wide = this.to({ dtype: "float32" });
      const out = wide.toTypedArray();
      wide.dispose();
      return out;
    }
    return typedArray(dtype, native.toBytes(this.handleFor("toTypedArray")).buffer as ArrayBuffer);
  }
  /**
   * The elements in contiguous order as raw bytes, copied.
   * @example
   * ```ts
   * using x = torch.tensor([1, 2], { dtype: "int16" });
   * console.log(x.toBytes()); // → Uint8Array(4) [ 1, 0, 2, 0 ]
   * ```
   */
  toBytes(): Uint8Array {
    return native.toBytes(this.handleFor("toBytes"));
  }
  /**
   * The whole storage below this tensor as raw bytes, copied.
   * @example
   * ```ts
   * using x = torch.tensor([1, 2, 3], { dtype: "uint8" });
   * using last = x.narrow(0, 2, 1);
   * console.log(last.storageBytes()); // → Uint8Array(3) [ 1, 2, 3 ]
   * ```
   */
  storageBytes(): Uint8Array {
    return native.storageBytes(this.handleFor("storageBytes"));
  }
  /**
   * Copies the elements, in contiguous order, into `target`.
   * @example
   * ```ts
   * using x = torch.tensor([1, 2]);
   * const target = new Float32Array(2);
   * x.copyInto(target);
   * console.log(target); // → Float32Array(2) [ 1, 2 ]
   * ```
   */
  copyInto(target: BinaryArray): void {
    native.copyInto(this.handleFor("copyInto"), target);
  }
  /**
   * This tensor's own memory as a typed array, without a copy; CPU and contiguous only. It keeps the memory alive, which
   * cannot be resized any more, and stays with it when the tensor takes other memory (`setData`, `module.to`). float16 and
   * bfloat16 come as the bits of each element.
   * @example
   * ```ts
   * using x = torch.tensor([1, 2]);
   * x.view_()[0] = 5;
   * console.log(x.toNumbers()); // → [ 5, 2 ]
   * ```
   */
  view_(): TypedArray {
    return typedArray(this.dtype, native.view(this.handleFor("view_")));
  }
  /**
   * The elements as nested arrays of numbers (booleans for bool); a number for a tensor without dimensions.
   * @throws TypeError for complex elements, which are two numbers each.
   * @example
   * ```ts
   * using x = torch.tensor([[1, 2], [3, 4]]);
   * console.log(x.toArray()); // → [ [ 1, 2 ], [ 3, 4 ] ]
   * ```
   */
  toArray(): NestedArray {
    const dtype = this.dtype;
    refuseComplex("toArray", dtype);
    const isBool = dtype === "bool";
    const flat = Array.from(this.toTypedArray() as Float64Array, (v) => (isBool ? Boolean(v) : Number(v)));
    return nested(flat, this.shape);
  }

  /**
   * Itself in another dtype, device or memory format; a new object even where nothing changes.
   * @example
   * ```ts
   * using x = torch.tensor([1.5, -1.5]);
   * using whole = x.to({ dtype: "int64" });
   * console.log(whole.toNumbers()); // → [ 1, -1 ]
   * ```
   */
  to(...options: readonly [ToOptions]): Tensor {
    const { dtype, device, memoryFormat, nonBlocking, copy } = conversion("to", options, TO_OPTIONS);
    toOperator ??= native.findOperator("aten::to.dtype_layout");
    const out: NativeValue = native.call(
      toOperator,
      this.handleFor("to"),
      dtype ?? null,
      null,
      device ?? null,
      null,
      nonBlocking ?? false,
      copy ?? false,
      memoryFormat ?? null,
    );
    return new Tensor(out as Handle);
  }
  /**
   * On the CPU: as `to({ device: "cpu" })`.
   * @example
   * ```ts
   * using x = torch.ones([2], { device: torch.cuda.isAvailable() ? "cuda" : "cpu" });
   * using here = x.cpu();
   * console.log(here.device); // → cpu
   * ```
   */
  cpu(): Tensor {
    return this.to({ device: "cpu" });
  }
  /**
   * On a GPU: as `to({ device: "cuda:0" })`.
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * using there = torch.cuda.isAvailable() ? x.cuda() : x.cpu();
   * console.log(there.device === (torch.cuda.isAvailable() ? "cuda:0" : "cpu")); // → true
   * ```
   */
  cuda(index = 0): Tensor {
    return this.to({ device: `cuda:${index}` });
  }
  /**
   * Takes the other's memory, shape and dtype, as `p.data = x` does in PyTorch.
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * using y = torch.zeros([3]);
   * x.setData(y);
   * console.log(x.shape); // → [ 3 ]
   * ```
   */
  setData(other: Tensor): void {
    native.setData(this.handleFor("setData"), other.handleFor("setData"));
  }
  /**
   * A second object on the same tensor of libtorch (same gradient, same history).
   * @example
   * ```ts
   * using x = torch.ones([2]);
   * {
   *   using same = x.alias();
   *   same.mul_(3);
   * }
   * console.log(x.toNumbers()); // → [ 3, 3 ]
   * ```
   */
  alias(): Tensor {
    return new Tensor(native.alias(this.handleFor("alias")));
  }

  /**
   * The elements in contiguous order, as a flat array of numbers: `[0.5, 1]`, not nested as {@link toArray} gives them.
   * @example
   * ```ts
   * using x = torch.tensor([[0.5], [1]]);
   * console.log(x.toNumbers()); // → [ 0.5, 1 ]
   * ```
   */
  toNumbers(): number[] {
    const dtype = this.dtype;
    refuseComplex("toNumbers", dtype);
    return numbers(this.toTypedArray());
  }

  /** `x + y` and `x < y` would compute with text: there are methods for them. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.disposed ? "tensor(<disposed>)" : formatTensor(this);
    throw new TypeError(
      "A tensor is not a number: JavaScript's operators do not work on it. Write x.add(y), x.mul(2), x.lt(y); for one number, x.item().",
    );
  }
  /**
   * As it is printed.
   * @example
   * ```ts
   * using x = torch.tensor([0.5, 1]);
   * console.log(x.toString()); // → tensor([0.5000, 1.0000])
   * ```
   */
  override toString(): string {
    return formatTensor(this);
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.disposed ? "tensor(<disposed>)" : formatTensor(this);
  }
}

let toOperator: number | undefined;

/** What a hook returns, or an Error in any case where it throws: libtorch carries nothing else through `backward`. */
function callHook(hook: (gradient: Tensor) => Tensor | undefined, gradient: Tensor): Tensor | undefined {
  let replaced: unknown;
  try {
    replaced = hook(gradient);
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    throw new Error(`A gradient hook threw ${show(thrown)}.`, { cause: thrown });
  }
  if (replaced === undefined || replaced === null) return undefined;
  if (replaced instanceof Tensor) return replaced;
  throw new TypeError(`A gradient hook returned ${show(replaced)}. Expected a Tensor, or nothing.`);
}
