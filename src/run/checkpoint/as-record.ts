import { ConfigError } from "../../utils/exceptions.ts";

/** A dict with string keys that was read from a checkpoint. */
export function asRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>);
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new ConfigError(
    `In the checkpoint, ${what} is ${value}, not a dict. Resume with the callbacks it was written with.`,
  );
}
