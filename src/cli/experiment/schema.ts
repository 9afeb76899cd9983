import { z } from "zod";

/** A part of the file whose own class checks it. */
const part = z.record(z.string(), z.unknown());
/** One of several classes. */
const named = z.looseObject({ name_: z.string("Expected the name of a class, as name_: LossMetric") });

/** What an experiment file holds; each part as its class has it, with `name_` where there are several classes. */
export const experimentSchema = z.strictObject({
  /** The folder from which relative paths start. Default: that of the file. */
  baseDir: z.string().min(1).optional(),
  /** Modules of one's own, which register networks, transforms or the like; loaded first. */
  modules: z.array(z.string().min(1)).default([]),
  /** The directory of the MAPS. */
  maps: z.string().min(1),
  /** `BidsDataset`, or another with its `name_`. */
  dataset: part,
  /** What is validated on, where that differs from `dataset`: whole images, when training is on patches. */
  evalDataset: part.optional(),
  /** How participants are split: exactly one of these. */
  split: z
    .strictObject({
      /** Options of `makeKFold`. */
      makeKfold: part.optional(),
      /** Options of `makeSplit`. */
      makeSplit: part.optional(),
      /** Options of `makeLeaveOneGroupOut`. */
      makeLeaveOneGroupOut: z.looseObject({ groups: z.string() }).optional(),
      /** A folder that one of them wrote. */
      directory: z.string().min(1).optional(),
    })
    .refine((value) => Object.values(value).filter((one) => one !== undefined).length === 1, {
      error: "Expected exactly one of make_kfold, make_split, make_leave_one_group_out, directory",
    }),
  /** Options of `Split.buildTrainLoader`. */
  trainLoader: part.default({}),
  /** Options of `Split.buildValLoader`. Default: the batch size and workers of `train_loader`. */
  valLoader: part.optional(),
  /** `SupervisedModel`, or another with its `name_`. */
  model: part,
  /** Metrics by the name of their column. Default: the loss. */
  metrics: z.record(z.string(), named).optional(),

  /** How the optimisation goes: epochs, accumulation, clipping. */
  optimization: part.default({}),

  /** How it is computed: device, precision, seed. */
  computational: part.default({}),

  /** What is done at certain points of the training, besides the default callbacks. */
  callbacks: z.array(named).default([]),
});
export type Experiment = z.output<typeof experimentSchema>;
