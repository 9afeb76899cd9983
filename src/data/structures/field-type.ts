import type { DType } from "../../torch/index.ts";

/**
 * What the column of a field says of it: as what its numbers become a tensor; or why it is text though some of its cells look
 * like numbers, which is the cell of another row: `(sub-005, ses-M000) has "unknown"`.
 */
export type FieldType = DType | { readonly textBecause: string };
