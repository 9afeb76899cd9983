import type { ParticipantRow } from "../../io/tsv/index.ts";
import { TransformError } from "../../transforms/named-error.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * Something went wrong while a sample was made, in a transform for instance; `cause` is what.
 * @example
 * ```ts
 * class Broken extends Dataset {
 *   get length() { return 1; }
 *   row() { return { participantId: "sub-001", sessionId: "ses-M000" }; }
 *   load(): never { throw new Error("no voxels"); }
 * }
 * await new Broken().get(0).catch((error: unknown) => {
 *   if (error instanceof SampleError) console.log(error.message); // → (sub-001, ses-M000): no voxels
 * });
 * ```
 */
export class SampleError extends ClinicaDLException {}

/** The error that says whose data it was; of its own class where that is one of this package's. */
export function named(row: ParticipantRow, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const who = `(${row.participant_id}, ${row.session_id})`;
  if (error.message.startsWith(who)) return error;
  const message = `${who}: ${error.message}`;
  if (error instanceof TransformError) return new SampleError(message, { cause: error.cause });
  if (!(error instanceof ClinicaDLException)) return new SampleError(message, { cause: error });
  error.message = message;
  return error;
}
