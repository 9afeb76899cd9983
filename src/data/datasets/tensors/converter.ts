/** By what sessions are converted: the thread that calls, or others. */
import { setImmediate } from "node:timers/promises";
import { checkOpenFiles } from "../../dataloader/open-files.ts";
import { type ConversionMaking, convertRow, type RowToConvert } from "./convert-row.ts";
import type { Outline } from "./outline.ts";
import type { PortableMaking } from "./protocol.ts";
import { ConversionThreads } from "./threads.ts";

export interface Converter extends AsyncDisposable {
  /** How many sessions may be under way. */
  readonly atOnce: number;
  /** @throws what went wrong, naming the session. */
  convert(work: RowToConvert): Promise<Outline>;
}

export function converterHere(how: ConversionMaking): Converter {
  return {
    atOnce: 1,
    async convert(work) {
      const outline = convertRow(work, how);
      // so that signals and timers have their turn
      await setImmediate();
      return outline;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** @throws WorkerError where the system has not enough left for so many threads. */
export function converterOf(count: number, how: PortableMaking): Converter {
  checkOpenFiles(count, { owner: "a conversion to tensors", option: "nProc" });
  const threads = new ConversionThreads(count, how);
  return {
    // each has its next at hand
    atOnce: 2 * count,
    convert: (work) => threads.convert(work),
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  };
}
