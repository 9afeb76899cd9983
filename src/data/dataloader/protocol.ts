/** What the loader and its workers say to each other. */
import * as bids from "../../io/bids/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import * as exceptions from "../../utils/exceptions.ts";
import * as datasets from "../datasets/index.ts";
import * as structures from "../structures/index.ts";
import type { BatchItems } from "./collate.ts";
import type { PackedBatch } from "./transport.ts";

/** A batch to load, and how. */
export interface LoadRequest extends BatchItems {
  readonly epoch: number;
  readonly seed: number;
  readonly evalMode: boolean;
  /** How items are put together, as JSON. */
  readonly collate: JsonObject | null;
  /** What is done to the batch, as JSON. */
  readonly batchTransform: JsonObject | null;
  /** One number, not 0 once the batch is no longer wanted. */
  readonly cancelled: Int32Array;
}

export type ToWorker =
  | { readonly type: "load"; readonly id: number; readonly request: LoadRequest }
  | { readonly type: "stop" };

export type FromWorker =
  | { readonly type: "ready"; readonly owner: number }
  | { readonly type: "batch"; readonly id: number; readonly batch: PackedBatch }
  | { readonly type: "cancelled"; readonly id: number }
  /** A warning; `key` where it is to be said once. */
  | { readonly type: "warning"; readonly key: string | null; readonly message: string }
  | { readonly type: "error"; readonly id: number; readonly error: PackedError };

export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: "" };
  return { name: error.name, message: error.message, stack: error.stack ?? "" };
}

/** The same error on this side: of its own class where that is one of this library's. The worker's stack is its `cause`. */
export function unpackError({ name, message, stack }: PackedError): Error {
  const cause = new Error(`in a worker thread of the DataLoader: ${message}`);
  cause.stack = stack;
  const known = { ...exceptions, ...bids, ...datasets, ...structures } as Readonly<Record<string, unknown>>;
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (isErrorClass(found)) return new found(message, { cause });
  const error = new Error(message, { cause });
  error.name = name;
  return error;
}

function isErrorClass(value: unknown): value is new (message: string, options: ErrorOptions) => Error {
  return (
    typeof value === "function" &&
    value.prototype instanceof exceptions.ClinicaDLException &&
    value !== exceptions.CannotReadFieldError
  );
}
