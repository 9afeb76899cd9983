/** What datasets give and transforms change. */
export { alignMask } from "./alignment.ts";
export { DataPoint, type DataPointOptions, FieldError, type KeySelection, type PlotOptions } from "./data-point.ts";
export type { FieldType } from "./field-type.ts";
export { type AnyImage, aliasOf, LabelMap, ScalarImage } from "./images.ts";
export { type Item, samplesOf } from "./item.ts";
export type { PictureOptions, Plane } from "./plot.ts";
export { SAMPLE_FIELDS, Sample, Sample2D, type SampleOptions } from "./sample.ts";
