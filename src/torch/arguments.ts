/** What constructors check of their arguments, for those who write them by position as in Python. */

import { show } from "../utils/config.ts";
import { refuseOthers } from "../utils/options.ts";

/**
 * The last arguments of a constructor: its options, and nothing after them. As a rest parameter it also shows, at run
 * time, what JavaScript would otherwise drop in silence.
 */
export type Given<O extends object> = readonly [options?: O | undefined];

/**
 * The options among the last arguments of a constructor.
 * @param known the names of the options in PyTorch's order, so that values given by position can be named
 * @throws TypeError that says what to write, when they are not one plain object
 */
export function givenOptions<O extends object>(
  what: string,
  given: readonly [options?: O | undefined, ...surplus: unknown[]],
  known: readonly string[],
): Partial<O> {
  const [options, ...surplus] = given;
  if (options !== undefined && !isPlain(options)) throw byPosition(what, given, known);
  if (surplus.length > 0) {
    const first = options === undefined ? "undefined" : show(options);
    throw new TypeError(`${what}: ${show(surplus[0])} is one argument too many after the options ${first}.`);
  }
  return options ?? {};
}

/** @throws TypeError for names that are none of `known`, as well as for what {@link givenOptions} refuses */
export function knownOptions<O extends object>(
  what: string,
  given: readonly [options?: O | undefined, ...surplus: unknown[]],
  known: readonly (keyof O & string)[],
): Partial<O> {
  const options = givenOptions(what, given, known);
  refuseOthers(what, options, known);
  return options;
}

function byPosition(what: string, given: readonly unknown[], known: readonly string[]): TypeError {
  const got = given.map(show).join(", ");
  if (known.length === 0) return new TypeError(`${what}: got ${got}, and takes no such argument.`);
  const named = given.slice(0, known.length).flatMap((value, i) => {
    return value === undefined ? [] : [`${known[i]}: ${show(value)}`];
  });
  return new TypeError(
    `${what}: got ${got} by position, where options are wanted. Name them: { ${named.join(", ")} }. Known are ${known.join(", ")}.`,
  );
}

/**
 * Refuses arguments that are no numbers.
 * @param positional the arguments that are given by position, by their names
 */
export function requireNumbers(what: string, positional: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(positional)) {
    if (!isNumber(value)) throw notByName(what, name, value, "a number");
  }
}

/** Whether it is a number other than NaN. */
export function isNumber(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

/** The error for an argument that stands first and got what it cannot be, such as an object with its name. */
export function notByName(what: string, name: string, value: unknown, wanted: string): TypeError {
  const hint = isPlain(value) ? ` It is given by position, not by name: new ${what}(${name}).` : "";
  return new TypeError(`${what}: '${name}' got ${show(value)}. Expected ${wanted}.${hint}`);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
