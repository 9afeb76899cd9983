import { ClinicaDLException } from "../../utils/exceptions.ts";

/** A worker thread could not be started, or ended before its work was done. */
export class WorkerError extends ClinicaDLException {}
