/** What a conversion and its worker threads say to each other. */
import type { PortableTransforms } from "../../../transforms/index.ts";
import type { ConversionMaking, RowToConvert } from "./convert-row.ts";
import type { Outline } from "./outline.ts";

/** What a thread begins with. */
export interface PortableMaking extends Omit<ConversionMaking, "transforms"> {
  readonly transforms: PortableTransforms | null;
}

export type ToThread =
  | { readonly type: "convert"; readonly id: number; readonly work: RowToConvert }
  | { readonly type: "stop" };

export type FromThread =
  | { readonly type: "converted"; readonly id: number; readonly outline: Outline }
  | { readonly type: "failed"; readonly id: number; readonly error: unknown }
  /** A warning; `key` where it is to be said once. */
  | { readonly type: "warning"; readonly key: string | null; readonly message: string };
