import { InvalidArgumentError } from "commander";

/** Reads an option that is a number. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("Give a number.");
  return value;
}

/** Reads an option that is a whole number of at least `minimum`. */
export function count(minimum: number): (text: string) => number {
  return (text) => {
    const value = parseNumber(text);
    if (Number.isInteger(value) && value >= minimum) return value;
    throw new InvalidArgumentError(`Expected an integer of at least ${minimum}.`);
  };
}

/** Reads an option that lists splits, as 0,2; each counts once. */
export function splitList(text: string): number[] {
  const splits = text.split(",").map((one) => {
    const split = Number(one);
    if (one.trim() !== "" && Number.isInteger(split) && split >= 0) return split;
    throw new InvalidArgumentError("Give numbers of splits, as 0,2.");
  });
  return [...new Set(splits)];
}
