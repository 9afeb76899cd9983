/** Options that nobody knows: a misspelt one would otherwise be ignored without a word. */
import { ConfigError } from "./exceptions.ts";

export interface UnknownOptions {
  /** What there is instead; without it, the advice is to check the spelling. */
  readonly known?: readonly string[];
  /** The option that holds the unknown ones. */
  readonly inside?: string;
}

/** Says which options of `what` are unknown. */
export function describeUnknown(what: string, names: readonly string[], options: UnknownOptions = {}): string {
  const { known, inside } = options;
  const list = names.map((name) => `'${name}'`).join(", ");
  const where = inside === undefined ? "" : ` in '${inside}'`;
  const advice = known === undefined ? ". Check the spelling." : `; known are ${known.join(", ") || "none"}.`;
  return `${what}: unknown option${names.length > 1 ? "s" : ""} ${list}${where}${advice}`;
}

/**
 * For the options that are left when the known ones have been taken: `const { a, b, ...rest } = options`.
 * @throws ConfigError naming all of them
 */
export function refuseUnknown(what: string, rest: object, options: Pick<UnknownOptions, "inside"> = {}): void {
  const names = Object.keys(rest);
  if (names.length > 0) throw new ConfigError(describeUnknown(what, names, options));
}

/** @throws TypeError naming the options that are none of `known`, as functions of `clinicadl/torch` do */
export function refuseOthers(what: string, options: object, known: readonly string[]): void {
  const names = Object.keys(options).filter((name) => !known.includes(name));
  if (names.length > 0) throw new TypeError(describeUnknown(what, names, { known }));
}
