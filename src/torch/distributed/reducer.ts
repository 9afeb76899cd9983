/** Gradients that become those of all processes while the backward pass goes on: libtorch's own reducer. */
import { native, type ReducerHandle } from "../native.ts";
import type { Tensor } from "../tensor.ts";
import type { ProcessGroup } from "./process-group.ts";

/** As what gradients are sent: half of the bytes, for 11 (float16) or 8 (bfloat16) bits of each. */
export type GradientCompression = "float16" | "bfloat16";

export interface ReducerOptions {
  /** Whether gradients become the mean of the processes' (default), or their sum. */
  readonly average?: boolean | undefined;
  /** Whether some parameters may have no part in a loss, in all or in some of the processes. Default false. */
  readonly findUnusedParameters?: boolean | undefined;
  /** Whether gradients are views of what is sent, which spares memory and a copy. Default false. */
  readonly gradientAsBucketView?: boolean | undefined;
  /** How many MiB of gradients are sent together. Default 25. */
  readonly bucketCapMb?: number | undefined;
  /** Default null: as they are. */
  readonly compression?: GradientCompression | null | undefined;
}

const MIB = 2 ** 20;

/**
 * Sends gradients in buckets, each as soon as it is full, in the order in which backward passes give them (Li et al. 2020,
 * arXiv 2006.15704). The last of them is waited for where `backward` returns.
 */
export class Reducer implements Disposable {
  readonly #group: ProcessGroup;
  readonly #handle: ReducerHandle;

  /** @param parameters those that have gradients, in the same order in all processes. */
  constructor(
    group: ProcessGroup,
    parameters: readonly Tensor[],
    {
      average = true,
      findUnusedParameters = false,
      gradientAsBucketView = false,
      bucketCapMb = 25,
      compression = null,
    }: ReducerOptions = {},
  ) {
    this.#group = group;
    this.#handle = native.reducer(
      group.handleFor("Reducer"),
      parameters.map((parameter) => parameter.handleFor("Reducer")),
      findUnusedParameters,
      gradientAsBucketView,
      average ? 1 / group.size : 1,
      // the first bucket is smaller, so that sending begins early
      Math.min(MIB, Math.ceil(bucketCapMb * MIB)),
      Math.ceil(bucketCapMb * MIB),
      compression,
    );
  }

  /** Before a forward pass. After the first backward pass, what is sent together follows the order in which gradients came. */
  prepareForForward(): void {
    this.#group.handleFor("forward");
    native.reducerForward(this.#handle);
  }

  /**
   * Before the backward pass whose gradients are reduced, added to those of earlier ones.
   * @param outputs from which it goes, where parameters may be unused.
   */
  prepareForBackward(outputs: readonly Tensor[] = []): void {
    this.#group.handleFor("backward");
    native.reducerBackward(
      this.#handle,
      outputs.map((output) => output.handleFor("backward")),
    );
  }

  /** What is to be said of an error of `backward`: which process is gone, or has failed, where it is that. */
  async explain(error: unknown): Promise<unknown> {
    return await this.#group.explain("backward", error, native.reducerLost(this.#handle));
  }

  [Symbol.dispose](): void {
    native.reducerClose(this.#handle);
  }
}
