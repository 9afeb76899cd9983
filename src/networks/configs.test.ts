import { compareConfigs, readGolden, type Values } from "../io/json/fixtures/config-golden.ts";
import type { JsonValue } from "../utils/config.ts";
import * as networks from "./index.ts";

const SIZES = "kernel_size stride padding dilation output_padding";
const has = (value: JsonValue, is: (number: number) => boolean) =>
  [value].flat(2).some((part) => typeof part === "number" && is(part));

/** What ClinicaDL takes, or takes until the network is built or used, and is refused here (`Field` or `Class.field`). */
const refused: Values = [
  // Python takes 0 and 1 for false and true, and true for 1
  ["bias pretrained", (value) => value === 0 || value === 1],
  [
    `spatial_dims dropout num_inputs num_outputs in_channels out_channels latent_size init_features growth_rate bottleneck_factor
     bottleneck_reduction init_conv_size init_conv_stride se_reduction patch_size embedding_dim num_layers num_heads mlp_dim ${SIZES}`,
    (value) => value === true,
  ],
  // a convolution of no size
  ["kernel_size stride dilation", (value) => has(value, (n) => n < 1)],
  ["padding output_padding", (value) => has(value, (n) => n < 0)],
  // one value per dimension, or one per layer: Python tells a tuple from a list
  [SIZES, (value) => Array.isArray(value) && value.length === 2 && !value.some(Array.isArray) && value[0] !== value[1]],
  // indices that are none
  ["pooling_indices unpooling_indices", (value) => value === 0],
  ["n_dense_layers", (value) => Array.isArray(value) && value.length === 0],
  // an attention gate has half of the channels
  ["AttentionUNet.channels", (value) => Array.isArray(value) && value[0] === 1],
];
/** Files of weights, beside those that are downloaded. */
const more: Values = [["pretrained", (value) => typeof value === "string"]];

compareConfigs(readGolden(new URL("golden/configs.json", import.meta.url)), { ...networks }, { refused, more });
