/**
 * The words that stand for something of libtorch's: types of elements, layouts, memory formats, devices. They are checked before
 * libtorch sees them, which would answer in its own terms.
 */
import { show } from "../utils/config.ts";
import { snakeToCamel } from "../utils/names.ts";
import { deviceCount, whyUnavailable } from "./cuda.ts";
import type { SchemaArgument } from "./schema.ts";
import { dtypes, layouts, memoryFormats } from "./types.ts";

/** What libtorch's schemas call them, and what is accepted. */
const WORDS = { ScalarType: dtypes, Layout: layouts, MemoryFormat: memoryFormats } as const;

/** The words of some operators' arguments of which libtorch's own message does not say what is accepted. */
const WORDS_OF: Readonly<Record<string, readonly string[]>> = {
  "pad.mode": ["constant", "reflect", "replicate", "circular"],
};

/** Devices that were found to be there: they are not looked for at every call. */
const usable = new Set(["cpu", "meta"]);

/**
 * Checks a word that is passed to an operator of libtorch.
 * @param operator its name: "zeros_like".
 * @throws TypeError that says what was given, and what is accepted.
 */
export function checkWord(operator: string, { name, type: { base } }: SchemaArgument, value: string): void {
  if (base === "Device") {
    if (!usable.has(value)) checkDevice(publicName(operator), snakeToCamel(name), value);
    return;
  }
  const isKind = base === "ScalarType" || base === "Layout" || base === "MemoryFormat";
  const words: readonly string[] | undefined = isKind ? WORDS[base] : WORDS_OF[`${operator}.${name}`];
  if (words === undefined || words.includes(value)) return;
  checkOneOf(publicName(operator), snakeToCamel(name), value, words);
}

function publicName(operator: string): string {
  return `torch.${snakeToCamel(operator)}`;
}

/** @throws TypeError for a value that is none of `words`. */
export function checkOneOf(what: string, argument: string, value: unknown, words: readonly string[]): void {
  if (typeof value === "string" && words.includes(value)) return;
  throw new TypeError(`${what}: '${argument}' got ${show(value)}. Expected one of ${words.join(", ")}.`);
}

/** @throws TypeError for a misspelt device, or one that this machine does not have. */
export function checkDevice(what: string, argument: string, value: unknown): void {
  if (typeof value === "string" && usable.has(value)) return;
  if (typeof value !== "string" || !/^(cpu|meta|cuda)(:\d+)?$/.test(value)) {
    throw new TypeError(
      `${what}: '${argument}' got ${show(value)}. Expected cpu, cuda, or one of several GPUs: cuda:0.`,
    );
  }
  if (value.startsWith("cuda")) {
    const why = whyUnavailable() || beyond(value);
    if (why !== "") {
      const write = `{ ${argument}: torch.cuda.isAvailable() ? "cuda" : "cpu" }`;
      throw new TypeError(`${what}: device '${value}' cannot be used: ${why}. Write ${write}.`);
    }
  }
  usable.add(value);
}

function beyond(device: string): string {
  const index = Number(device.split(":")[1] ?? 0);
  const count = deviceCount();
  return index < count ? "" : `there ${count === 1 ? "is one GPU" : `are ${count} GPUs`}, and they are counted from 0`;
}
