/** Questions on a terminal. */
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { visible } from "../../utils/visible.ts";

/** Chooses one of several things. */
export type Choose = <T>(question: string, options: readonly T[], shown: (option: T) => string) => Promise<T>;

/** Takes the first without asking: where nobody is at a terminal, or nobody wants to be asked. */
export const takeFirst: Choose = async (question, [first]) => {
  if (first === undefined) throw new ClinicaDLException(`There is nothing to choose from: ${question}`);
  return first;
};

/**
 * Asks on a terminal, with the first as what the return key means; does not ask where there is only one. After Ctrl-C and Ctrl-D it throws, and
 * nothing has been written.
 */
export function askOn(input: Readable, output: Writable): Choose {
  return async (question, options, shown) => {
    const [first, ...others] = options;
    if (first === undefined || others.length === 0) return takeFirst(question, options, shown);
    const lines = options.map((option, i) => `  ${i + 1}  ${visible(shown(option))}`);
    const terminal = createInterface({ input, output });
    let answered = false;
    const closed = new Promise<never>((_, reject) => {
      terminal.once("close", () => {
        // what is said next begins a line
        if (!answered) output.write("\n");
        reject(new ClinicaDLException("Nothing was written."));
      });
    });
    try {
      for (let text = `${question}\n${lines.join("\n")}\n[1] `; ; text = `A number from 1 to ${options.length}: `) {
        const given = (await Promise.race([terminal.question(text), closed])).trim();
        const chosen = given === "" ? first : /^\d+$/.test(given) ? options[Number(given) - 1] : undefined;
        if (chosen === undefined) continue;
        answered = true;
        return chosen;
      }
    } finally {
      closed.catch(() => {});
      terminal.close();
    }
  };
}
