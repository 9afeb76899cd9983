import { Batch } from "clinicadl/data/dataloader";
import { BidsDataset } from "clinicadl/data/datasets";
import { DataPoint, type Sample, ScalarImage } from "clinicadl/data/structures";
import { BCEWithLogitsLossConfig } from "clinicadl/losses/config";
import { SupervisedModel } from "clinicadl/models";
import { CNNConfig } from "clinicadl/networks/config";
import { AdamConfig } from "clinicadl/optim";
import { KFold } from "clinicadl/split";
import * as torch from "clinicadl/torch";
import { type NestedArray, Tensor } from "clinicadl/torch";
import { type TransformsHandlerOptions, ZNormalizationConfig } from "clinicadl/transforms";

/** 16 simulated participants with images of (1, 17, 20, 16), half of them with a `label` of 1. */
const images = {
  bids: "bids",
  fileType: { suffix: "T1w", dataType: "anat" },
  data: "bids/metadata.tsv",
  columns: ["label", "age"],
} as const;
export const dataset = new BidsDataset({ ...images, transforms: { imageTransforms: [new ZNormalizationConfig()] } });
using sample = await dataset.get(0);

export const network = new CNNConfig({ inShape: sample.shape, numOutputs: 1, convArgs: { channels: [4, 8] } });
export const optimizer = new AdamConfig({ lr: 1e-3 });
export const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });

const [first] = new KFold("splits/3_fold").getSplits(dataset);
if (first === undefined) throw new Error("splits/3_fold has no fold");
/** The first of three folds. */
export const split = first;
split.buildTrainLoader({ batchSize: 4 });
split.buildValLoader({ batchSize: 4 });

/** The first of them with a mask of its brain and one of its tissues, as transforms leave it. */
export async function sampleWith(transforms: TransformsHandlerOptions): Promise<Sample> {
  const masks = {
    brain: ["bids/derivatives/masks", { dataType: "anat", suffix: "mask", withEntities: { desc: "brain" } }],
    tissues: ["bids/derivatives/masks", { dataType: "anat", suffix: "dseg" }],
  } as const;
  const transformed = new BidsDataset({ ...images, masks, transforms });
  transformed.train();
  return await transformed.get(0);
}

/** A batch with what a network gave and a label for each sample. */
export function batchOf(outputs: readonly (NestedArray | Tensor)[], labels: readonly (NestedArray | Tensor)[]): Batch {
  const tensorOf = (values: NestedArray | Tensor) => (values instanceof Tensor ? values : torch.tensor(values));
  return new Batch(
    outputs.map((output, i) => {
      const fields = { output: tensorOf(output), label: tensorOf(labels[i] ?? 0) };
      const image = new ScalarImage(torch.zeros([1, 1, 1, 1]));
      return new DataPoint({ image, participantId: `sub-${i}`, sessionId: "ses-M000", fields });
    }),
  );
}
