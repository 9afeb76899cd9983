import { dirname } from "node:path";
import { DamagedEntryError } from "./entry.ts";
import { listEntries } from "./folder.ts";
import { EntryReader } from "./read-entry.ts";

/** How many entries a folder has, of which data sets, and what they take; in lines. */
export function describeFolder(folder: string): string {
  const entries = listEntries(folder);
  if (entries.length === 0) return `${folder}: nothing`;
  const line = (files: readonly { readonly bytes: number }[]): string =>
    `${files.length} ${files.length === 1 ? "image" : "images"}, ${sizeText(files.reduce((sum, { bytes }) => sum + bytes, 0))}`;
  const bySource = Map.groupBy(entries, ({ path }) => dataSetOf(path));
  const sources = [...bySource]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, files]) => `  ${source}: ${line(files)}`);
  return [`${folder}: ${line(entries)}`, ...sources].join("\n");
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
    throw error;
  }
}
