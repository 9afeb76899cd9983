import type { Bids } from "../../io/bids/index.ts";
import { TransformsHandler } from "../../transforms/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { Sample } from "../structures/index.ts";
import type { DatasetLike, RowSelection, SubsetOptions } from "./dataset-like.ts";
import { readDict } from "./from-dict.ts";
import { ImagesDataset, type RowContent } from "./images-dataset.ts";
import { type BidsDatasetOptions, checkOptions, Parts } from "./parts.ts";
import type { PortableDataset } from "./portable.ts";
import { readRow } from "./read-row.ts";
import { withResampling } from "./resampling.ts";
import { maskToJson, type RowFiles } from "./sources.ts";
import { TensorDataset } from "./tensor-dataset.ts";
import { convert } from "./tensors/convert.ts";
import { readDescription } from "./tensors/description.ts";
import { checkToTensors, type ToTensorsOptions } from "./tensors/options.ts";

/**
 * The images of a BIDS dataset, with masks and metadata, as samples: whole images, patches or slices.
 *
 * Everything is checked when it is made: the table, the columns, and that each session has its image and masks.
 * @example
 * ```ts
 * const dataset = new BidsDataset({
 *   bids: "bids",
 *   fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }),
 *   data: "bids/metadata.tsv",
 *   columns: { age: null, diagnosis: (column) => column.map((d) => (d === "AD" ? 1 : 0)) },
 *   masks: { brain: ["bids/derivatives/masks", { dataType: "anat", suffix: "mask", withEntities: { desc: "brain" } }] },
 *   transforms: new TransformsHandler({ imageTransforms: [new ZNormalizationConfig({ maskingMethod: "brain" })] }),
 * });
 * using sample = await dataset.get(0);
 * console.log(dataset.length, sample.shape, sample.getField("diagnosis")); // → 16 [ 1, 17, 20, 16 ] 1
 * ```
 */
export class BidsDataset extends ImagesDataset implements DatasetLike<Sample> {
  static readonly name_ = "BidsDataset";
  readonly #parts: Parts;

  /**
   * @throws ConfigError for an option that is misspelt or has a protected name.
   * @throws DataFrameError when the table cannot be used, lacks a column, or a column's function fails.
   * @throws ImageError listing the sessions that have no image or mask.
   */
  constructor(options: BidsDatasetOptions | Parts) {
    const parts = options instanceof Parts ? options : checkOptions(options);
    super(parts);
    this.#parts = parts;
  }

  get bids(): Bids {
    return this.#parts.bids;
  }

  protected override get reading(): JsonObject {
    return { name_: BidsDataset.name_, resample_masks: this.#parts.resampleMasks };
  }
  override readFiles(files: RowFiles): RowContent {
    return readRow(files, { resample: this.#parts.resampleMasks });
  }

  subset(selection: RowSelection, options: SubsetOptions = {}): BidsDataset {
    return this.#with(this.find(selection, options));
  }
  /** The same dataset, its rows sorted by participant and session. */
  sorted(): BidsDataset {
    return this.#with(this.sortedRows());
  }

  /**
   * Writes the images and masks of every session as tensors, in RAS+ orientation, and gives the dataset that reads them: reading is
   * faster, and image transforms can be done once. They lie in `derivatives/tensors` of the dataset (beside a derivative), laid out
   * as ClinicaDL lays them out, which reads them.
   *
   * Called again, for the same data or others of the same kind, it adds what is not there; so it goes on where it was ended. To
   * delete a conversion: `removeTensors`.
   *
   * @throws ConfigError for options that do not go together.
   * @throws TensorConversionError when a conversion of this name is there, of other images, masks or transforms, or of files that
   * have changed since; and when a session cannot be converted: what was converted before it stays.
   * @example
   * ```ts
   * const tensors = await dataset.toTensors({ conversionName: "normalised", saveTransforms: true });
   * console.log(tensors.length, tensors.descriptionJson.endsWith("src-T1w_conv-normalised_description.json")); // → 16 true
   * ```
   */
  async toTensors(options: ToTensorsOptions = {}): Promise<TensorDataset> {
    const { bids, masks, files, cache, resampleMasks, columns } = this.#parts;
    const { transforms, table, fileType, seed } = this;
    const json = resampleMasks ? withResampling(transforms.toDict(), masks.keys()) : transforms.toDict();
    const transformsJson = Array.isArray(json.image_transforms) ? json.image_transforms : [];
    const checked = checkToTensors(options, transformsJson.length > 0);
    if (resampleMasks && masks.size > 0 && !checked.transformed) {
      throw new ConfigError(
        "BidsDataset.toTensors: resampleMasks changes the masks, as a transform does: pass saveTransforms: true and a conversionName.",
      );
    }
    const parts = { bids, masks, files, transforms, table, fileType, seed, resampleMasks };
    const descriptionJson = await convert({ ...parts, transformsJson }, checked);
    const { additionalData } = readDescription(descriptionJson);
    const { extraction, imageTransforms, sampleTransforms, augmentations } = transforms;
    const left = checked.transformed ? [] : imageTransforms;
    const made = new TensorDataset({
      descriptionJson,
      data: table.rows,
      transforms: new TransformsHandler({ extraction, imageTransforms: left, sampleTransforms, augmentations }),
      columns,
      toLoad: [...masks.keys(), ...additionalData],
      cache: cache.option,
    });
    return this.passOn(made);
  }

  toDict(): JsonObject {
    return this.#toDict(this.transforms);
  }
  #toDict(transforms: TransformsHandler): JsonObject {
    const { columns, bids, fileType, masks, resampleMasks } = this.#parts;
    return {
      name_: BidsDataset.name_,
      data: this.table.toDict(),
      transforms: resampleMasks ? withResampling(transforms.toDict(), masks.keys()) : transforms.toDict(),
      columns: columns === null ? null : [...columns],
      bids: bids.toDict(),
      file_type: fileType.toDict(),
      masks:
        masks.size === 0 ? null : Object.fromEntries([...masks].map(([name, source]) => [name, maskToJson(source)])),
    };
  }

  /** Reads what `toDict`, or ClinicaDL in Python, wrote. @throws as the constructor, and for missing or unknown fields. */
  static fromDict(dict: JsonObject): BidsDataset {
    const { options, table } = readDict(dict);
    return new BidsDataset(checkOptions(options, { table })).takeCounts();
  }

  /** A dataset with options of which the types are not known. */
  static fromOptions(options: unknown): BidsDataset {
    return new BidsDataset(checkOptions(options));
  }

  toWorker(): PortableDataset {
    return this.portable(BidsDataset.name_, (transforms) => this.#toDict(transforms));
  }
  /** The dataset again, in a worker thread; its files are known and not looked for. */
  static async fromWorker(content: unknown): Promise<BidsDataset> {
    const { given, known } = await ImagesDataset.fromPortable(BidsDataset.name_, content, readDict);
    return new BidsDataset(checkOptions(given, known)).takeCounts();
  }

  #with(indices: readonly number[]): BidsDataset {
    return this.passOn(new BidsDataset(new Parts({ ...this.#parts, ...this.rowsAt(indices) })).takeCounts());
  }
}
