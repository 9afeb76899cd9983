import * as torch from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { randomStates } from "../../utils/seed.ts";
import type { EventArgs } from "../events.ts";
import { TensorSnapshot } from "../tensor-snapshot.ts";
import { roundingFacts } from "./same-bits.ts";

/**
 * What a checkpoint holds that the callbacks, or a validation, may change until it is written: where the run is, the callbacks
 * and the random streams; and, captured before a validation, the weights of training, for which callbacks may exchange others
 * meanwhile. Optimizers and scaler stay as they are.
 */
export interface RunSnapshot extends Disposable {
  readonly state: JsonObject;
  /** The content of their files, by name. */
  readonly callbacks: ReadonlyMap<string, Uint8Array>;
  readonly extra: Uint8Array;
  /** The number of the last event. */
  readonly events: number;
  /** null: the model has them. */
  readonly weights: TensorSnapshot | null;
}

/**
 * Remembers what a run is now.
 * @param options.weights whether it copies the weights, because they may be exchanged before the checkpoint is written.
 */
export function captureSnapshot(
  { model, state, callbacks, split, log }: EventArgs<"onTrainStart">,
  { weights = false }: { readonly weights?: boolean } = {},
): RunSnapshot {
  using _scope = torch.scope();
  const states = callbacks.named().map(([name, callback]) => {
    try {
      return [name, torch.save(callback.stateDict())] as const;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ConfigError(
        `The state of ${callback.constructor.name} cannot be saved: ${why} Let its stateDict() return numbers, strings, tensors, arrays, Maps and plain objects of them.`,
        { cause: error },
      );
    }
  });
  const random = randomStates();
  const extra = torch.save({
    version: 1,
    random: Object.fromEntries(random),
    loader_seed: split.trainDataset.seed,
    ...roundingFacts(),
  });
  for (const stream of random.values()) stream.dispose();
  const copies = weights ? new TensorSnapshot(model.stateDict()) : null;
  return {
    state: state.toDict(),
    callbacks: new Map(states),
    extra,
    events: log.journal.last,
    weights: copies,
    [Symbol.dispose]: () => copies?.[Symbol.dispose](),
  };
}
