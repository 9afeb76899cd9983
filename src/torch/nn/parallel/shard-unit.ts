/** The weights of one part of a network, of which each process holds an equal part. */
import { noGrad } from "../../autograd.ts";
import type { ProcessGroup } from "../../distributed/process-group.ts";
import { native } from "../../native.ts";
import * as ops from "../../ops.ts";
import { scope } from "../../scope.ts";
import type { Tensor } from "../../tensor.ts";
import { itemSize } from "../../types.ts";
import type { Parameter } from "../parameter.ts";

/** Where a parameter lies among the elements of its unit. */
interface Place {
  readonly parameter: Parameter;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly numel: number;
  /** Its memory when it is whole: a view of what all processes gave. */
  readonly whole: Tensor;
  /** Those of its elements that this process holds, as a vector, which may be empty: a view. */
  readonly part: Tensor;
  /** The gradient of those elements from earlier backward passes, while there is one of all. */
  earlier: Tensor | null;
  /** Whether the backward pass gave it a gradient, in this process. */
  used: boolean;
}

/** The strides of memory without gaps in which the elements of a parameter lie as they do in its own, such as channels last. */
function denseStride(parameter: Tensor): readonly number[] {
  using like = ops.emptyLike(parameter).keep();
  return like.stride();
}

/**
 * Parameters of one type, one after the other in memory, filled up so that each process has an equal part (Zhao et al. 2023,
 * arXiv 2304.11277). They are whole from `gather` to `release`; otherwise each parameter is the vector of those of its elements that
 * this process holds, and so is its gradient. All processes call each method, but for `release`, in the same order.
 */
export class ShardUnit implements Disposable {
  readonly #group: ProcessGroup;
  readonly #places: readonly Place[];
  /** All elements; without memory while they are not gathered. */
  readonly #all: Tensor;
  readonly #bytes: number;
  /** Those that this process holds; without memory while {@link unshard} has made them whole. */
  readonly #own: Tensor;
  readonly #ownBytes: number;
  #gathered = true;
  /** Waits for what makes the weights whole, where that was begun. */
  #begun: (() => void) | null = null;
  #sharded = false;
  /** The gradient of this process' elements, of the backward pass that goes on. */
  #gradient: Tensor | null = null;
  /** Whether a backward pass has come to this unit. */
  #expects = false;

  constructor(group: ProcessGroup, parameters: readonly Parameter[]) {
    using _grad = noGrad();
    this.#group = group;
    const [first] = parameters;
    if (first === undefined) throw new RangeError("ShardUnit: there are no parameters");
    const { dtype } = first;
    const count = parameters.reduce((sum, parameter) => sum + parameter.numel(), 0);
    const each = Math.ceil(count / group.size);
    this.#bytes = each * group.size * itemSize(dtype);
    this.#ownBytes = each * itemSize(dtype);
    this.#all = ops.zeros([each * group.size], { dtype }).keep();
    this.#own = ops.empty([each], { dtype }).keep();
    const begin = each * group.rank;
    let offset = 0;
    const places: Place[] = [];
    for (const parameter of parameters) {
      const { shape } = parameter;
      const numel = parameter.numel();
      const stride = denseStride(parameter);
      const [from, to] = [Math.max(offset, begin), Math.min(offset + numel, begin + each)];
      const length = Math.max(0, to - from);
      const whole = ops.asStrided(this.#all, [...shape], [...stride], offset).keep();
      const part = ops.narrow(this.#own, 0, length === 0 ? 0 : from - begin, length).keep();
      whole.copy_(parameter);
      parameter.setData(whole);
      places.push({ parameter, shape, stride, offset, numel, whole, part, earlier: null, used: false });
      offset += numel;
    }
    this.#places = places;
    // views can be made of memory only
    native.resizeStorage(this.#own.handleFor("ShardUnit"), 0);
  }

  get parameters(): readonly Parameter[] {
    return this.#places.map(({ parameter }) => parameter);
  }

  /** Keeps only what this process holds. */
  shard(): void {
    if (this.#sharded) return;
    using _grad = noGrad();
    native.resizeStorage(this.#own.handleFor("shard"), this.#ownBytes);
    using own = this.#ownPart(this.#all);
    this.#own.copy_(own);
    this.#sharded = true;
    this.release();
  }

  /** Makes the weights whole, and holds them so: what this process holds of them is in them. */
  unshard(): void {
    if (!this.#sharded) return;
    this.gather();
    this.#sharded = false;
    native.resizeStorage(this.#own.handleFor("unshard"), 0);
  }

  /** Begins to make the weights whole, which {@link gather} waits for. */
  beginGather(): void {
    if (this.#gathered || this.#begun !== null) return;
    native.resizeStorage(this.#all.handleFor("gather"), this.#bytes);
    this.#begun = this.#group.beginAllGather(this.#all, this.#own);
  }

  /** Makes the weights whole until they are released. */
  gather(): void {
    if (this.#gathered) return;
    this.beginGather();
    const wait = this.#begun;
    this.#begun = null;
    wait?.();
    for (const { parameter, whole } of this.#places) parameter.setData(whole);
    this.#gathered = true;
  }

  /** Gives the memory of what the others hold back. */
  release(): void {
    // what the others still write cannot be given back
    if (this.#begun !== null) this.gather();
    if (!(this.#sharded && this.#gathered)) return;
    for (const { parameter, part } of this.#places) parameter.setData(part);
    native.resizeStorage(this.#all.handleFor("release"), 0);
    this.#gathered = false;
  }

  /** Whether a backward pass has come here whose gradients are to be reduced. */
  get expects(): boolean {
    return this.#expects;
  }

  /** Gathers for a backward pass, whose gradients are whole. */
  expectGradients(): void {
    this.gather();
    if (this.#expects) return;
    this.#expects = true;
    for (const place of this.#places) {
      place.earlier ??= place.parameter.grad;
      place.parameter.grad = null;
    }
  }

  /** Adds this process' part of the sum of all processes' gradients to what {@link settle} gives, and releases the weights. */
  reduce(): void {
    this.#expects = false;
    using _grad = noGrad();
    if (this.#places.some(({ parameter }) => parameter.requiresGrad)) {
      using _scope = scope();
      const whole = ops.zerosLike(this.#all);
      for (const place of this.#places) {
        const { parameter, shape, stride, offset } = place;
        const { grad } = parameter;
        if (grad === null) continue;
        place.used = true;
        ops.asStrided(whole, [...shape], [...stride], offset).copy_(grad);
        parameter.grad = null;
        grad.dispose();
      }
      const own = ops.emptyLike(this.#own);
      this.#group.reduceScatterNow(own, whole);
      if (this.#gradient === null) this.#gradient = own.keep();
      else this.#gradient.add_(own);
    }
    this.release();
  }

  /** Which parameters the backward pass gave a gradient, in this process. */
  get used(): readonly boolean[] {
    return this.#places.map(({ used }) => used);
  }

  /**
   * Gives the parameters their gradients: those of this backward pass, times a factor, added to earlier ones.
   * @param used which of them have one, in some of the processes.
   */
  settle(used: readonly boolean[], factor: number): void {
    using _scope = scope();
    using _grad = noGrad();
    if (factor !== 1) this.#gradient?.mul_(factor);
    for (const [i, place] of this.#places.entries()) {
      place.used = false;
      if (place.earlier !== null) place.parameter.grad = place.earlier;
      if (this.#gradient !== null && used[i] === true) {
        const mine = ops.narrow(this.#gradient, 0, place.part.storageOffset(), place.part.numel());
        if (place.earlier === null) place.parameter.grad = mine;
        else place.earlier.add_(mine);
      }
      place.earlier?.dispose();
      place.earlier = null;
    }
    this.#gradient?.dispose();
    this.#gradient = null;
  }

  /** Forgets a backward pass that did not come to its end. */
  abandon(): void {
    if (this.#expects) {
      for (const { parameter } of this.#places) parameter.grad = null;
      this.#expects = false;
    }
    this.settle([], 1);
    this.release();
  }

  /** Those elements of a tensor of a parameter's shape that this process holds; belongs to the open scope. */
  partOf(parameter: Tensor, whole: Tensor): Tensor {
    const { shape, stride, offset, numel, part } = this.#placeOf(parameter);
    using _grad = noGrad();
    using dense = ops.empty([numel], { dtype: whole.dtype }).keep();
    using view = ops.asStrided(dense, [...shape], [...stride], 0).keep();
    view.copy_(whole);
    const begin = part.numel() === 0 ? 0 : Math.max(0, this.#own.numel() * this.#group.rank - offset);
    return ops.narrow(dense, 0, begin, part.numel()).clone();
  }

  /** What {@link partOf} has cut, whole again: all processes give their part. Belongs to the open scope. */
  wholeOf(parameter: Tensor, part: Tensor): Tensor {
    const { shape, stride, offset, numel } = this.#placeOf(parameter);
    using _grad = noGrad();
    const each = this.#own.numel();
    const dense = ops.empty([numel], { dtype: part.dtype });
    for (let rank = 0; rank < this.#group.size; rank++) {
      const [from, to] = [Math.max(offset, each * rank), Math.min(offset + numel, each * (rank + 1))];
      if (to <= from) continue;
      using there = ops.narrow(dense, 0, from - offset, to - from).keep();
      if (rank === this.#group.rank) there.copy_(part);
      this.#group.broadcastNow([there], rank);
    }
    return ops.asStrided(dense, [...shape], [...stride], 0);
  }

  #placeOf(parameter: Tensor): Place {
    const place = this.#places.find((one) => one.parameter === parameter);
    if (place === undefined) throw new RangeError("ShardUnit: this is not one of its parameters");
    return place;
  }
  #ownPart(all: Tensor): Tensor {
    const each = this.#own.numel();
    return ops.narrow(all, 0, each * this.#group.rank, each).keep();
  }

  /** Fills the weights with NaN, whole: those of others cannot be had any more. */
  lose(): void {
    using _grad = noGrad();
    this.#sharded = false;
    if (this.#gathered) return;
    try {
      this.#begun?.();
    } catch {
      // that they are lost is known; what matters is that nothing is written there any more
    }
    this.#begun = null;
    native.resizeStorage(this.#all.handleFor("lose"), this.#bytes);
    this.#all.fill_(Number.NaN);
    for (const { parameter, whole } of this.#places) parameter.setData(whole);
    this.#gathered = true;
  }

  /** The parameters stay, as they are: whole ones in memory of their own again. Their gradients, which are parts, go. */
  [Symbol.dispose](): void {
    using _scope = scope();
    using _grad = noGrad();
    for (const { parameter, whole } of this.#places) {
      parameter.grad = null;
      if (this.#gathered) parameter.setData(whole.clone());
    }
    for (const { whole, part, earlier } of this.#places) for (const held of [whole, part, earlier]) held?.dispose();
    this.#gradient?.dispose();
    this.#all.dispose();
    this.#own.dispose();
  }
}
