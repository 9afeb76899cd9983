import * as torch from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { randomStates } from "../../utils/seed.ts";
import type { EventArgs } from "../events.ts";
import { roundingFacts } from "./same-bits.ts";

/**
 * What a validation changes in a run, so that it must be captured before one begins: where the run is, the callbacks and the
 * random streams. A checkpoint also holds the model, the optimizers and the scaler, which a validation leaves as they are.
 */
export interface RunSnapshot {
  readonly state: JsonObject;
  /** The content of their files, by name. */
  readonly callbacks: ReadonlyMap<string, Uint8Array>;
  readonly extra: Uint8Array;
}

/** Remembers what a run is now. */
export function captureSnapshot({ state, callbacks, split }: EventArgs<"onTrainStart">): RunSnapshot {
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
  return { state: state.toDict(), callbacks: new Map(states), extra };
}
