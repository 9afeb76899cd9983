import type { JsonValue } from "../../utils/config.ts";
import { hasFloats, pythonFloat, pythonNumber } from "./floats.ts";

/**
 * JSON text exactly as Python's `json.dumps(value, indent=4)` writes it: ASCII only, NaN and Infinity as bare words.
 * `undefined` members are left out, as in `JSON.stringify`.
 * @example
 * ```ts
 * console.log(formatJson({ lr: 1e-5, name: "é" }));
 * // → {
 * // →     "lr": 1e-05,
 * // →     "name": "\u00e9"
 * // → }
 * ```
 */
export function formatJson(value: JsonValue): string {
  return format(value, "\n", pythonNumber);
}

function format(value: JsonValue, newline: string, number: (value: number) => string): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      return number(value);
    case "string":
      return quote(value);
    case "object":
      break;
    default:
      throw new TypeError(`formatJson: a ${typeof value} cannot be written as JSON.`);
  }
  const inner = `${newline}    `;
  const ofMember = (key?: string) => (hasFloats(value, key) ? pythonFloat : pythonNumber);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const element = ofMember();
    return `[${inner}${value.map((v) => format(v, inner, element)).join(`,${inner}`)}${newline}]`;
  }
  const members = Object.entries(value).filter(([, v]) => v !== undefined);
  if (members.length === 0) return "{}";
  return `{${inner}${members.map(([k, v]) => `${quote(k)}: ${format(v, inner, ofMember(k))}`).join(`,${inner}`)}${newline}}`;
}

function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
