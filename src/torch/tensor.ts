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

export class Tensor extends OwnedHandle {
  static isTensor(value: unknown): value is Tensor {
    return value instanceof Tensor;
  }

  get shape(): readonly number[] {
    return native.shape(this.handleFor("shape"));
  }
  get dtype(): DType {
    return native.dtype(this.handleFor("dtype")) as DType;
  }
  /** "cpu" or "cuda:0". */
  get device(): string {
    return native.device(this.handleFor("device"));
  }
  get ndim(): number {
    return this.shape.length;
  }
  dim(): number {
    return this.shape.length;
  }
  numel(): number {
    return native.numel(this.handleFor("numel"));
  }
  /** The length along `dim`; a negative one counts from the end. */
  size(dim: number): number {
    const shape = this.shape;
    const length = shape[dim < 0 ? dim + shape.length : dim];
    if (length === undefined) {
      throw new RangeError(`size: dimension ${dim} of a tensor of ${shape.length} dimensions does not exist.`);
    }
    return length;
  }
  /** In elements, not bytes. */
  stride(): readonly number[] {
    return native.stride(this.handleFor("stride"));
  }
  storageOffset(): number {
    return native.storageOffset(this.handleFor("storageOffset"));
  }
  /** Equal for tensors that share memory. */
  storageId(): bigint {
    return native.storageId(this.handleFor("storageId"));
  }
  /** Equal for two objects that stand for the same tensor of libtorch. */
  tensorId(): bigint {
    return native.tensorId(this.handleFor("tensorId"));
  }
  isContiguous(format: MemoryFormat = "contiguous"): boolean {
    checkOneOf("isContiguous", "format", format, memoryFormats);
    return native.isContiguous(this.handleFor("isContiguous"), format);
  }
  isPinned(): boolean {
    return native.isPinned(this.handleFor("isPinned"));
  }

  get requiresGrad(): boolean {
    return native.requiresGrad(this.handleFor("requiresGrad"));
  }
  set requiresGrad(value: boolean) {
    native.setRequiresGrad(this.handleFor("requiresGrad"), value);
  }
  requiresGrad_(value = true): this {
    this.requiresGrad = value;
    return this;
  }
  get isLeaf(): boolean {
    return native.isLeaf(this.handleFor("isLeaf"));
  }
  /** The name of the function that made this tensor (`AddBackward0`), or null. */
  get gradFn(): string | null {
    return native.gradFn(this.handleFor("gradFn"));
  }
  /** The gradient that `backward` left here, or null. Each access makes a new object: dispose it, or be in a scope. */
  get grad(): Tensor | null {
    const handle = native.grad(this.handleFor("grad"));
    return handle === null ? null : new Tensor(handle);
  }
  set grad(value: Tensor | null) {
    native.setGrad(this.handleFor("grad"), value === null ? null : value.handleFor("grad"));
  }
  /** Gradients of this tensor with respect to every leaf that requires one, added to their `grad`. */
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

  /** The one element, as a number; a boolean is 0 or 1. */
  item(): number {
    const value = native.item(this.handleFor("item"));
    if (typeof value === "number") return value;
    if (typeof value === "bigint")
      throw new RangeError(`item: ${value} does not fit a number exactly; use toTypedArray().`);
    throw new TypeError("item: the element is complex; use toTypedArray().");
  }

  /** The elements in contiguous order, copied. bfloat16 and float16 come as Float32Array, bool as Uint8Array. */
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
  /** The elements in contiguous order as raw bytes, copied. */
  toBytes(): Uint8Array {
    return native.toBytes(this.handleFor("toBytes"));
  }
  /** The whole storage below this tensor as raw bytes, copied. */
  storageBytes(): Uint8Array {
    return native.storageBytes(this.handleFor("storageBytes"));
  }
  /** Copies the elements, in contiguous order, into `target`. */
  copyInto(target: BinaryArray): void {
    native.copyInto(this.handleFor("copyInto"), target);
  }
  /**
   * This tensor's own memory as a typed array, without a copy; CPU and contiguous only. It keeps the memory alive, which
   * cannot be resized any more, and stays with it when the tensor takes other memory (`setData`, `module.to`). float16 and
   * bfloat16 come as the bits of each element.
   */
  view_(): TypedArray {
    return typedArray(this.dtype, native.view(this.handleFor("view_")));
  }
  /**
   * The elements as nested arrays of numbers (booleans for bool); a number for a tensor without dimensions.
   * @throws TypeError for complex elements, which are two numbers each.
   */
  toArray(): NestedArray {
    const dtype = this.dtype;
    refuseComplex("toArray", dtype);
    const isBool = dtype === "bool";
    const flat = Array.from(this.toTypedArray() as Float64Array, (v) => (isBool ? Boolean(v) : Number(v)));
    return nested(flat, this.shape);
  }

  /** Itself in another dtype, device or memory format; a new object even where nothing changes. */
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
  cpu(): Tensor {
    return this.to({ device: "cpu" });
  }
  cuda(index = 0): Tensor {
    return this.to({ device: `cuda:${index}` });
  }
  /** Takes the other's memory, shape and dtype, as `p.data = x` does in PyTorch. */
  setData(other: Tensor): void {
    native.setData(this.handleFor("setData"), other.handleFor("setData"));
  }
  /** A second object on the same tensor of libtorch (same gradient, same history). */
  alias(): Tensor {
    return new Tensor(native.alias(this.handleFor("alias")));
  }

  /** The elements in contiguous order, as a flat array of numbers: `[0.5, 1]`, not nested as {@link toArray} gives them. */
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
