import { dirname } from "node:path";
import { isOfSystem } from "../../../utils/file-errors.ts";
import { DamagedEntryError } from "./entry.ts";
import { listEntries } from "./folder.ts";
import { EntryReader } from "./read-entry.ts";

/** What images take. */
interface Taken {
  readonly images: number;
  readonly bytes: number;
}

/** What a folder keeps: all of it, and of which data sets. */
export interface FolderContent extends Taken {
  readonly folder: string;
  /** Sorted by `of`: the folder of a data set, or what is wrong: "damaged", "cannot be read". */
  readonly sources: readonly (Taken & { readonly of: string })[];
}

export function contentOfFolder(folder: string): FolderContent {
  const entries = listEntries(folder);
  const taken = (files: readonly { readonly bytes: number }[]): Taken => ({
    images: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  });
  const bySource = Map.groupBy(entries, ({ path }) => dataSetOf(path));
  const sources = [...bySource]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, files]) => ({ of: source, ...taken(files) }));
  return { folder, ...taken(entries), sources };
}

/** The same in lines. */
export function describeFolder({ folder, sources, ...all }: FolderContent): string {
  if (all.images === 0) return `${folder}: nothing`;
  const line = ({ images, bytes }: Taken): string =>
    `${images} ${images === 1 ? "image" : "images"}, ${sizeText(bytes)}`;
  return [`${folder}: ${line(all)}`, ...sources.map((source) => `  ${source.of}: ${line(source)}`)].join("\n");
}

/** 1 kB is 1000 bytes, as where disks are sold. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The folder above that of the participant, of the image that an entry was made of. */
function dataSetOf(path: string): string {
  try {
    using reader = EntryReader.open(path);
    if (reader === null) return "deleted meanwhile";
    const { source } = reader.header;
    const [dataSet] = source.split(/[/\\]sub-[^/\\]*[/\\]/, 1);
    return dataSet === undefined || dataSet === source ? dirname(source) : dataSet;
  } catch (error) {
    if (error instanceof DamagedEntryError) return "damaged";
    if (isOfSystem(error)) return "cannot be read";
    throw error;
  }
}
