/** How samples are cut out of images. */
export { Image } from "./image.ts";
export { Patch } from "./patch.ts";
export { RandomPatch } from "./random-patch.ts";
export { Slice } from "./slice.ts";
