import { rangesOf, type Sweep } from "./config.ts";

/**
 * Values by which a sweep can be checked before it begins: those given, then each choice, least and greatest value of each parameter, with the
 * others as given. So each value is looked at once, where all combinations would be too many.
 * @param first of a trial; of a choice, the index.
 */
export function* extremesOf(sweep: Sweep, first: Readonly<Record<string, number>>): Generator<Record<string, number>> {
  yield { ...first };
  for (const [name, range] of rangesOf(sweep)) {
    const values = range.kind === "choice" ? range.choices.keys() : [range.low, range.high];
    for (const value of values) if (value !== first[name]) yield { ...first, [name]: value };
  }
}
