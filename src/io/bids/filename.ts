import { BidsError } from "./errors.ts";

/** The parts of a BIDS file name: `sub-001_ses-M000_T1w.nii.gz`. */
export interface BidsName {
  /** By key, without the leading `sub-`: `{ sub: "001", ses: "M000" }`. */
  readonly entities: ReadonlyMap<string, string>;
  readonly suffix: string;
  /** All of it: `.nii.gz`. */
  readonly extension: string;
}

const ALPHANUMERIC = /^[\p{L}\p{N}]+$/u;
/** Values may have a plus, since BIDS 1.10. */
const LABEL = /^[\p{L}\p{N}+]+$/u;

/** The parts of a file name, or null when it does not follow the BIDS naming rules. */
export function parseBidsName(name: string): BidsName | null {
  const dot = name.indexOf(".");
  if (dot < 0) return null;
  const parts = name.slice(0, dot).split("_");
  const suffix = parts.pop() ?? "";
  if (!ALPHANUMERIC.test(suffix)) return null;
  const entities = new Map<string, string>();
  for (const part of parts) {
    const dash = part.indexOf("-");
    const key = part.slice(0, Math.max(dash, 0));
    const value = part.slice(dash + 1);
    if (!ALPHANUMERIC.test(key) || !LABEL.test(value)) return null;
    entities.set(key, value);
  }
  return { entities, suffix, extension: name.slice(dot) };
}

/** `001` of `sub-001`. @throws BidsError when `id` is not such an entity. */
export function entityValue(id: string, key: "sub" | "ses"): string {
  const value = id.slice(key.length + 1);
  if (!isEntity(id, key)) {
    const what = key === "sub" ? "A participant id" : "A session id";
    throw new BidsError(
      `${what} is '${key}-' and letters or digits, as in '${key === "sub" ? "sub-001" : "ses-M000"}'. Got ${JSON.stringify(id)}.`,
    );
  }
  return value;
}

/** Whether a text can be the value of an entity. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Whether a name is `sub-` or `ses-` and a label. */
export function isEntity(name: string, key: "sub" | "ses"): boolean {
  return name.startsWith(`${key}-`) && LABEL.test(name.slice(key.length + 1));
}
