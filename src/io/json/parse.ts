import { randomUUID } from "node:crypto";
import type { JsonValue } from "../../utils/config.ts";
import { markFloats } from "./floats.ts";

const BARE_WORDS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

interface ReviverContext {
  readonly source?: string;
}

/**
 * Parses JSON as Python does: NaN, Infinity and -Infinity are accepted. Objects whose numbers are all written as floats
 * are marked (`hasFloats`), so that writing them again gives floats. An integer beyond 2^53, which a number cannot hold,
 * becomes the text of its digits.
 * @throws SyntaxError
 * @example
 * ```ts
 * console.log(parseJson('{ "auc": NaN, "id": 12345678901234567890 }')); // → { auc: NaN, id: '12345678901234567890' }
 * ```
 */
export function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text, markingReviver(new Map())) as JsonValue;
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    // strings that no file can hold, since they are drawn anew: each stands for a bare word while JSON.parse runs
    const nonce = randomUUID();
    const standIns = new Map([...BARE_WORDS].map(([word, value]) => [`${nonce} ${word}`, value]));
    const standing = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
      token.startsWith('"') ? token : JSON.stringify(`${nonce} ${token}`),
    );
    return JSON.parse(standing, markingReviver(standIns)) as JsonValue;
  }
}

/** Members are revived before the object that holds them, so what was seen of them is known when the object comes. */
function markingReviver(
  standIns: ReadonlyMap<string, number>,
): (this: unknown, key: string, value: unknown, context?: ReviverContext) => unknown {
  const seen = new Map<unknown, { floats: number; integers: number }>();
  return function (this: unknown, _key, value, context) {
    let revived = value;
    let isFloat = false;
    const bareWord = typeof value === "string" ? standIns.get(value) : undefined;
    if (bareWord !== undefined) {
      revived = bareWord;
      isFloat = true;
    } else if (typeof value === "number") {
      const source = context?.source ?? "";
      isFloat = /[.eE]/.test(source);
      if (!isFloat && !Number.isSafeInteger(value) && source !== "") revived = source;
    } else if (typeof value === "object" && value !== null) {
      const counts = seen.get(value);
      if (counts !== undefined && counts.floats > 0 && counts.integers === 0) markFloats(value);
      seen.delete(value);
      return value;
    } else {
      return value;
    }
    const counts = seen.get(this) ?? { floats: 0, integers: 0 };
    if (isFloat) counts.floats++;
    else counts.integers++;
    seen.set(this, counts);
    return revived;
  };
}
