/** Converts a dataset to tensors, and prints how long that took, as JSON. usage: conversion.ts SETTINGS */
import process from "node:process";
import { BidsDataset } from "clinicadl/data/datasets";
import { ZNormalizationConfig } from "clinicadl/transforms";

const { folder, nProc } = JSON.parse(process.argv[2] ?? "{}") as { folder: string; nProc: number };
const dataset = new BidsDataset({
  bids: folder,
  fileType: { suffix: "T1w", dataType: "anat" },
  transforms: { imageTransforms: [new ZNormalizationConfig()] },
  cache: "off",
});
const begin = performance.now();
await dataset.toTensors({ conversionName: `by${nProc}`, saveTransforms: true, nProc, overwrite: true });
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - begin) / 1000 })}\n`);
