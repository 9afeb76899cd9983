import { existsSync } from "node:fs";
import type { Maps } from "../../io/maps/index.ts";

/** What a split was trained with, by name: the files of the MAPS that say so, but those that name participants or where the data are. */
export function configFiles(maps: Maps, split: number): [name: string, path: string][] {
  const { training } = maps;
  const files = {
    model: maps.modelJson,
    metrics: maps.metricsJson,
    optimization: training.optimizationJson,
    computational: training.split(split).computationalJson,
    dataloader: training.data.train(split).dataloaderJson,
  };
  return Object.entries(files).filter(([, path]) => existsSync(path));
}
