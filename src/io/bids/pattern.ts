import { z } from "zod";

/** A regular expression, as text (Python's or JavaScript's) or RegExp; it must match the whole. Kept as text, as on disk. */
export const pattern = z
  .union([z.string(), z.instanceof(RegExp)], { error: "Expected a text or a regular expression" })
  .transform((value, ctx): string => {
    if (typeof value === "string") {
      try {
        compile(value);
      } catch (error) {
        ctx.addIssue({ code: "custom", message: `Not a regular expression: ${(error as Error).message}` });
      }
      return value;
    }
    if (value.flags !== "")
      ctx.addIssue({ code: "custom", message: `A regular expression without flags is needed, got '${value.flags}'` });
    return value.source;
  });

const compiled = new Map<string, RegExp>();

/** Whether the whole of `text` matches the pattern. */
export function fullMatch(source: string, text: string): boolean {
  let regexp = compiled.get(source);
  if (regexp === undefined) {
    regexp = compile(source);
    compiled.set(source, regexp);
  }
  return regexp.test(text);
}

function compile(source: string): RegExp {
  // Python spells named groups with a P
  return new RegExp(`^(?:${source.replaceAll("(?P<", "(?<")})$`);
}
