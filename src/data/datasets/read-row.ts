import { type AnyImage, alignMask, LabelMap, ScalarImage } from "../structures/index.ts";
import type { RowContent } from "./images-dataset.ts";
import type { RowFiles } from "./sources.ts";

/**
 * Reads the image and the masks of a session, in the open scope.
 * @param resample whether masks that do not lie on the image are brought to its voxels.
 * @throws ImageError for a mask that does not lie on the image, unless `resample`.
 */
export function readRow(files: RowFiles, { resample }: { readonly resample: boolean }): RowContent {
  const image = ScalarImage.read(files.image);
  const images: Record<string, AnyImage> = { image };
  for (const [name, path] of Object.entries(files.masks)) {
    images[name] = alignMask(
      { image: LabelMap.read(path), file: path },
      { image, file: files.image },
      { name, resample },
    );
  }
  return { images, fields: {} };
}
