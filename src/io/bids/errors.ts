import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * A BIDS dataset lacks what was asked of it, or is ambiguous, or its names are not BIDS.
 * @example
 * ```ts
 * const pet = new BidsFileType({ dataType: "pet", suffix: "pet" });
 * try {
 *   new Bids("bids").getPath(pet, { participantId: "sub-001", sessionId: "ses-M000" });
 * } catch (error) {
 *   console.log(error instanceof BidsError); // → true
 * }
 * ```
 */
export class BidsError extends ClinicaDLException {}
