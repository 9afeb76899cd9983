import { z } from "zod";
import type { Bids, BidsFileType } from "../../io/bids/index.ts";
import type { Row } from "../../io/tsv/index.ts";
import { TransformsHandler } from "../../transforms/index.ts";
import { parseWith } from "../../utils/config.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { type ColumnsOption, encodeColumns, refuseProtected, uncounted } from "./columns.ts";
import { type CacheOption, cacheOption, ImageCache } from "./image-cache.ts";
import type { Known } from "./images-dataset.ts";
import {
  findFiles,
  folderHint,
  type MaskInput,
  type MaskSource,
  type RowFiles,
  toBids,
  toFileType,
  toMaskSource,
} from "./sources.ts";
import { Table } from "./table.ts";

export interface BidsDatasetOptions {
  /** The dataset on disk, or its path. */
  readonly bids: string | Bids;
  /** Which files are the images. */
  readonly fileType: BidsFileType | ConstructorParameters<typeof BidsFileType>[0];
  /** The (participant, session) pairs and their metadata: a TSV or rows. Default: every session that has such an image. */
  readonly data?: string | readonly Row[] | null;
  /** Default: none, whole images. */
  readonly transforms?: TransformsHandler | ConstructorParameters<typeof TransformsHandler>[0];
  /**
   * The columns that samples carry; or what is made of them first: `{ age: null, diagnosis: { CN: 0, AD: 1 }, sex: (column) => … }`, nothing,
   * a code for each value, or what a function gives for the column.
   */
  readonly columns?: ColumnsOption;
  /** Masks by name: a file for all, or a file type in this dataset or, with a pair, in another. */
  readonly masks?: Readonly<Record<string, MaskInput>> | null;
  /**
   * What is done with masks that do not lie on their image (other voxels, another place): null, they are an error; "toImage",
   * they are resampled to the image's voxels (nearest neighbour, 0 beyond their border). Default null. Axes that only run in
   * another order or direction are always put right.
   */
  readonly resampleMasks?: "toImage" | null;
  /**
   * Where images stay once they were read and went through those image transforms that draw nothing: "auto", in memory for all threads, if all
   * of them fit into a quarter of what is free; "memory", there in any case; "disk", or `{ disk: "/fast/cache", maxBytes: 2e11 }`, packed in
   * files for all processes, of which patches and slices read only what they need; "off", nowhere. Default "auto". What is loaded is the same.
   */
  readonly cache?: CacheOption;
}

/** The parts that are classes are checked where they are made. */
const schema = z.strictObject({
  bids: z.custom<BidsDatasetOptions["bids"]>(),
  fileType: z.custom<BidsDatasetOptions["fileType"]>(),
  data: z.custom<NonNullable<BidsDatasetOptions["data"]>>().nullish(),
  transforms: z.custom<NonNullable<BidsDatasetOptions["transforms"]>>().optional(),
  columns: z.custom<NonNullable<BidsDatasetOptions["columns"]>>().nullish(),
  masks: z.custom<NonNullable<BidsDatasetOptions["masks"]>>().nullish(),
  resampleMasks: z.literal("toImage").nullable().default(null),
  cache: cacheOption.default("auto"),
});

/** All that a dataset is made of, once checked. */
export class Parts {
  readonly bids: Bids;
  readonly fileType: BidsFileType;
  readonly table: Table;
  readonly files: readonly RowFiles[];
  readonly transforms: TransformsHandler;
  readonly columns: readonly string[] | null;
  readonly masks: ReadonlyMap<string, MaskSource>;
  readonly resampleMasks: boolean;
  readonly cache: ImageCache;
  readonly evaluationCounts: readonly number[] | null;

  constructor(parts: Parts) {
    this.bids = parts.bids;
    this.fileType = parts.fileType;
    this.table = parts.table;
    this.files = parts.files;
    this.transforms = parts.transforms;
    this.columns = parts.columns;
    this.masks = parts.masks;
    this.resampleMasks = parts.resampleMasks;
    this.cache = parts.cache;
    this.evaluationCounts = parts.evaluationCounts;
  }
}

/** Checks the options; a table or files that are known already are not read again. */
export function checkOptions(
  given: unknown,
  { table: known, files, cache: opened, evaluationCounts = null }: Known = {},
): Parts {
  const options = parseWith(schema, given, "BidsDataset");
  const { cache, resampleMasks } = options;
  const bids = toBids(options.bids);
  const fileType = toFileType(options.fileType, "fileType");
  const transforms =
    options.transforms instanceof TransformsHandler ? options.transforms : new TransformsHandler(options.transforms);

  const { data } = options;
  const start =
    known ?? (data === undefined || data === null ? pairsWith(bids, fileType) : uncounted(Table.read(data)));
  const { table, columns } = encodeColumns("BidsDataset", start, options.columns);

  const masks = new Map<string, MaskSource>();
  for (const [name, input] of Object.entries(options.masks ?? {})) {
    refuseProtected("BidsDataset", "mask", name);
    if (columns?.includes(name) === true)
      throw new ConfigError(`BidsDataset: '${name}' is a column and a mask. Rename one.`);
    masks.set(name, toMaskSource(name, input, bids));
  }
  return new Parts({
    bids,
    fileType,
    table,
    files: files ?? findFiles(table.rows, bids, fileType, masks),
    transforms,
    columns,
    masks,
    resampleMasks: resampleMasks !== null,
    cache: new ImageCache(cache, opened),
    evaluationCounts,
  });
}

/** Every session that has a file of this type. @throws ImageError when there is none. */
export function pairsWith(bids: Bids, fileType: BidsFileType): Table {
  const pairs = bids.getParticipantsSessionsWith(fileType);
  if (pairs.length === 0)
    throw new ImageError(
      `No session in ${bids.participantsDir} has an image of type ${fileType}.${folderHint(bids, fileType)}`,
    );
  return Table.read(pairs.map(([participant_id, session_id]) => ({ participant_id, session_id })));
}
