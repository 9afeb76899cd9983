import { z } from "zod";

/**
 * What a run says of itself while it goes on: one schema for the file of a training (`.clinicadl-ts/events.jsonl` of its split), for
 * the progress on a terminal, and for whoever else looks on.
 */

/** Of the fields below. Fields and kinds may be added to it; it changes when one gets another meaning. */
export const EVENTS_VERSION = 1;

const count = z.int().nonnegative();

/** JSON has no NaN: it is a text there, as are the infinities. */
const value: z.ZodType<number> = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const values = z.record(z.string(), value);

/** What a training is like. */
const training = {
  version: z.int().positive(),
  split: count,
  /** Up to which epoch it goes. */
  epochs: count,
  /** Of an epoch. */
  batches: count,
  /** A validation follows every so many epochs. */
  evaluationInterval: z.int().positive(),
  runsOn: z.object({
    device: z.string(),
    /** Of the processor, or the GPU. */
    name: z.string(),
    threads: count,
    amp: z.boolean(),
  }),
};

/** Where in a training; `batch` is null at the end of the epoch. */
const position = { epoch: count, batch: count.nullable() };

const told = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("start"), ...training }),
  /** It goes on from a checkpoint: what came after that is not in the file any more. */
  z.object({ kind: z.literal("resume"), ...training, ...position }),
  z.object({
    kind: z.literal("batch"),
    epoch: count,
    batch: count,
    losses: values,
    /** Learning rates with which the step was made: of each optimizer, those of its groups. */
    rates: z.record(z.string(), z.array(value)),
    /** Since the batch before, or the beginning of the epoch. */
    seconds: z.number(),
  }),
  /** A validation begins. */
  z.object({ kind: z.literal("validation"), epoch: count, batches: count }),
  /** What it gave. */
  z.object({ kind: z.literal("metrics"), epoch: count, values }),
  /** An epoch is over, with its validation: the means of its losses. */
  z.object({ kind: z.literal("epoch"), epoch: count, losses: values, seconds: z.number() }),
  /** A model was saved: `best-<metric>`, `epoch-<n>` or `final`. */
  z.object({ kind: z.literal("model"), epoch: count, name: z.string() }),
  z.object({ kind: z.literal("checkpoint"), ...position }),
  z.object({ kind: z.literal("warning"), message: z.string() }),
  /** A signal ended it, after a checkpoint. */
  z.object({ kind: z.literal("interruption"), signal: z.string() }),
  z.object({ kind: z.literal("error"), message: z.string() }),
  /** A training is complete, or another run over. */
  z.object({ kind: z.literal("end") }),
  /** `validate`, `test` or `predict` begins; these have no file. */
  z.object({ kind: z.literal("evaluation"), call: z.enum(["validate", "test", "predict"]), batches: count }),
  /** So many of its batches are done. */
  z.object({ kind: z.literal("evaluated"), batch: count }),
]);

const stamp = z.object({
  /** Counts what happens in a training. What depends on when it is interrupted has the number of what came before. */
  n: count,
  /** In milliseconds since 1970, UTC. */
  time: z.number(),
});

const schema = z.intersection(stamp, told);
const later = stamp.extend({ kind: z.string() });
const KINDS: ReadonlySet<string> = new Set(told.options.map((option) => option.shape.kind.value));

/** What has happened. */
export type ToldEvent = z.output<typeof told>;
type Stamp = z.output<typeof stamp>;
/** What has happened, with its number and time. */
export type RunEvent = Stamp & ToldEvent;
/** What a later version of this package has written. */
export interface LaterEvent extends Stamp {
  readonly kind: "later";
  /** Its kind. */
  readonly name: string;
}

/** One line of the file. */
export function formatEvent(event: RunEvent): string {
  return JSON.stringify(event, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}

/** What a line of the file says; null for one that is damaged. */
export function parseEvent(line: string): RunEvent | LaterEvent | null {
  const value = parseJson(line);
  const known = schema.safeParse(value);
  if (known.success) return known.data;
  const { success, data } = later.safeParse(value);
  return success && !KINDS.has(data.kind) ? { kind: "later", name: data.kind, n: data.n, time: data.time } : null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
