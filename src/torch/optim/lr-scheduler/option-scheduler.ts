import type { z } from "zod";
import { parseWith } from "../../../utils/config.ts";
import { ConfigError } from "../../../utils/exceptions.ts";
import { camelToSnake } from "../../../utils/names.ts";
import type { Optimizer } from "../optimizer.ts";
import { LRScheduler, type SchedulerOptions, schedulerOptions } from "./scheduler.ts";

/** A scheduler that saves its options, and nothing else of its own: the rate of an epoch follows from them. */
export abstract class OptionScheduler<O extends SchedulerOptions> extends LRScheduler {
  protected options: Omit<O, "lastEpoch">;
  readonly #schema: z.ZodType<O>;

  /** @param schema lists the options in PyTorch's order, which is their order in state dicts; then `lastEpoch`. */
  constructor(
    schema: z.ZodType<O> & { readonly shape: object },
    optimizer: Optimizer,
    given: readonly [options?: object | undefined],
  ) {
    const { name } = new.target;
    const options = schedulerOptions(name, optimizer, given, schema);
    const { lastEpoch, ...own } = parseWith(schema, options, name);
    super(optimizer, { lastEpoch });
    this.options = own;
    this.#schema = schema;
    this.begin();
  }

  protected override ownState(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.options).map(([name, value]) => [camelToSnake(name), value]));
  }

  protected override loadOwnState(state: Readonly<Record<string, unknown>>): void {
    const what = `${this.constructor.name}.loadStateDict`;
    const saved = Object.keys(this.options).map((name) => {
      const value = state[camelToSnake(name)];
      if (value === undefined) throw new ConfigError(`${what}: '${camelToSnake(name)}' is missing.`);
      return [name, value];
    });
    const { lastEpoch: _, ...own } = parseWith(this.#schema, Object.fromEntries(saved), what);
    this.options = own;
  }
}
