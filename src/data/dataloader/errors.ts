import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * A worker thread could not be started, or ended before its work was done.
 * @example
 * ```ts
 * const loader = new DataLoader(dataset.subset("bids/metadata.tsv"), { batchSize: 16, numWorkers: 1 });
 * try {
 *   for await (using batch of loader) console.log(batch.length); // → 16
 * } catch (error) {
 *   if (!(error instanceof WorkerError)) throw error;
 *   console.error("With fewer threads it may go:", error.message);
 * }
 * ```
 */
export class WorkerError extends ClinicaDLException {}
