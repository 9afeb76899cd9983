/** What datasets give and transforms change. */
export { alignMask } from "./alignment.ts";
export { DataPoint, type DataPointOptions, FieldError, type KeySelection } from "./data-point.ts";
export type { FieldType } from "./field-type.ts";
export { type AnyImage, aliasOf, LabelMap, ScalarImage } from "./images.ts";
export { type Item, samplesOf } from "./item.ts";
export { SAMPLE_FIELDS, Sample, Sample2D, type SampleOptions } from "./sample.ts";
