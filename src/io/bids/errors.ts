import { ClinicaDLException } from "../../utils/exceptions.ts";

/** A BIDS dataset lacks what was asked of it, or is ambiguous, or its names are not BIDS. */
export class BidsError extends ClinicaDLException {}
