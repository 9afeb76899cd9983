import { compareConfigs, readGolden, type Values } from "../io/json/fixtures/config-golden.ts";
import type { JsonValue } from "../utils/config.ts";
import * as transforms from "./index.ts";

/** What ClinicaDL takes, or takes until the transform is made or done, and is refused here (`Field` or `Class.field`). */
const refused: Values = [
  // nothing would be done
  [
    "include exclude keys labels axes slices applied_labels",
    (value) => Array.isArray(value) && ["", undefined].some((no) => value[0] === no),
  ],
  // an empty range
  ["out_min_max in_min_max percentiles", (value) => value === 0 || (Array.isArray(value) && value[0] === value[1])],
  // one number is both percentiles to TorchIO
  ["percentiles", (value) => typeof value === "number"],
  // the greater number first: TorchIO fails
  ["log_gamma", (value) => Array.isArray(value) && Number(value[0]) > Number(value[1])],
  // below the least, which stands beside it
  ["Clamp.out_max", (value) => Number(value) < 0],
  // an image of no size, or turned inside out: one number s for each axis is 1 - s to 1 + s
  ["scales", (value) => numbersIn(value).some((n, _, all) => (all.length % 2 === 1 ? n >= 1 : n <= 0))],
  // TorchIO fails: nothing is left between borders that are locked
  ["num_control_points", (value) => [value].flat().includes(4)],
  // labels are counted from 0
  [
    "KeepLargestConnectedComponent.applied_labels FillHoles.applied_labels",
    (value) => [value].flat().some((n) => Number(n) < 0),
  ],
  // Python takes 0 and 1 for false and true
  ["is_onehot", (value) => value === 0 || value === 1],
  // MONAI fails
  ["connectivity", (value) => Number(value) > 3],
  ["num_components", (value) => value === null],
  [
    "sampling",
    (value) =>
      numbersIn(value).some((n) => n <= 0) || (Array.isArray(value) && (value.length === 0 || value.length > 3)),
  ],
  ["pixdim", (value) => Array.isArray(value) && (value.length === 0 || value.length > 3)],
  [
    "spatial_axes",
    (value) => [value].flat().some((n) => Number(n) > 2) || (Array.isArray(value) && value.length === 0),
  ],
];
/** Dimensions are counted from the end, too. */
const more: Values = [["Activations.dim AsDiscrete.dim", (value) => Number.isInteger(value) && Number(value) < 0]];

compareConfigs(readGolden(new URL("golden/configs.json", import.meta.url)), { ...transforms }, { refused, more });

/** A number, or those of a list. */
function numbersIn(value: JsonValue): number[] {
  return [value].flat().filter((n) => typeof n === "number");
}
