import { z } from "zod";
import { Batch } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import type { nn, Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { gaussLegendre } from "./gauss-legendre.ts";
import type { Inferer } from "./inferer.ts";
import { addOutput, callNetwork, type InferOptions, imagesOf, inferInto, outputOptions } from "./output.ts";
import { type OutputGroup, outputGroupsOf } from "./output-groups.ts";
import { SALIENCY_METHODS } from "./saliency-methods.ts";

const schema = z.strictObject({
  ...outputOptions,
  /** How the map is computed. Default "gradient". */
  method: z.enum(SALIENCY_METHODS).default("gradient"),
  /** Which output is explained, from 0. Default null: the only one, or for each image the largest of several; of a `MultiTaskModel` that of each task. */
  target: z.int().min(0).nullable().default(null),
  /** Whether signs are dropped. Default null: of gradients only. */
  abs: z.boolean().nullable().default(null),
  /** Of integrated gradients: the intensity of all voxels of an image that says nothing. Default 0, the mean after `ZNormalization`. */
  baseline: z.number().default(0),
  /** Of integrated gradients: at how many images between the baseline and the image gradients are taken. Default 50. */
  nSteps: z.int().min(1).default(50),
  /** The field for the map. Default "saliency". Those of several tasks have this name, "_" and that of the task. */
  saliencyName: z.string().min(1).default("saliency"),
});

/**
 * Passes whole images through the network, and says of each of their voxels how much the output depends on it: a map of the shape of the
 * image, (N, C, D, H, W), as an image of the samples, which `predict` writes as NIfTI beside the output.
 *
 * - `method: "gradient"`: by how much the output would change with the voxel, without the sign (Simonyan et al. 2014);
 * - `"input_x_gradient"`: this, times the voxel (Shrikumar et al. 2016);
 * - `"integrated_gradients"`: how much of the difference between the output for the image and for a `baseline` is due to the voxel. The sum of
 *   the map is this difference, as near as `nSteps` bring it (Sundararajan et al. 2017). Takes `nSteps` times as long.
 *
 * The numbers are Captum's. What a network gives before a sigmoid or a softmax is explained: `postprocessing` is done afterwards. ClinicaDL
 * does not have it: it cannot read the model of a MAPS with this inferer. Give it to `predict` instead.
 *
 * @throws ConfigError for a network whose output is an image, or has no output `target`, or does not depend on the image.
 * @example
 * ```ts
 * const trainer = await Trainer.fromMaps("maps");
 * const inferer = new SaliencyInferer({ method: "integrated_gradients", baseline: -1, nSteps: 4 });
 * const dataloader = new DataLoader(split.valDataset);
 * await trainer.predict({ modelCheckpoint: "split-0_final", groupName: "explained", dataloader, inferer });
 * ```
 */
export class SaliencyInferer
  extends configClass("SaliencyInferer", schema, {
    finish(parsed, what) {
      if (parsed.saliencyName !== parsed.outputName) return parsed;
      throw new ConfigError(`${what}: 'saliencyName' and 'outputName' are both '${parsed.outputName}'.`, {
        fieldNames: ["saliencyName"],
      });
    },
  })
  implements Inferer
{
  /** Adds the output and the map to a batch or a data point. */
  call<T extends Batch | DataPoint>(x: T, network: nn.Module, { inputDtype = "float32" }: InferOptions = {}): T {
    return inferInto(x, this, () => {
      const images = imagesOf(x, { dtype: inputDtype });
      // the greatest of several tasks says nothing: years are more than logits
      const groups = this.target === null ? outputGroupsOf(network) : null;
      if (groups === null) return this.#explain(x, network, images, { name: this.saliencyName, group: null });
      const outputs = groups.map((group) =>
        this.#explain(x, network, images, { name: `${this.saliencyName}_${group.name}`, group }),
      );
      return outputs[0] ?? callNetwork(this.name_, network, images);
    });
  }

  /** Adds a map. @returns what the network gives. */
  #explain(
    x: Batch | DataPoint,
    network: nn.Module,
    images: Tensor,
    { name, group }: { readonly name: string; readonly group: OutputGroup | null },
  ): Tensor {
    const first = this.#look(network, images, (scores) => this.#targetOf(scores, group));
    const map = this.#mapOf(network, images, first);
    this.#add(x, name, (this.abs ?? this.method === "gradient") ? map.abs() : map);
    return first.output;
  }

  #add(x: Batch | DataPoint, name: string, map: Tensor): void {
    const own = addOutput(x, map, { outputName: name, outputType: "image" });
    // squeezed slices get a view with the dimension that the network does not see, which must outlive the scope as well
    const held = (x instanceof Batch ? x.samples : [x]).map((sample) => sample.getImage(name).tensor.keep());
    if (own !== null && !held.includes(own)) own.dispose();
  }

  #mapOf(network: nn.Module, images: Tensor, { gradient, target }: Look): Tensor {
    switch (this.method) {
      case "gradient":
        return gradient;
      case "input_x_gradient":
        return gradient.mul(images);
      case "integrated_gradients": {
        const way = images.sub(this.baseline);
        const sum = torch.zerosLike(images);
        for (const { at, weight } of gaussLegendre(this.nSteps)) {
          using _scope = torch.scope();
          sum.add_(this.#look(network, way.mul(at).add(this.baseline), () => target).gradient, { alpha: weight });
        }
        return sum.mul(way);
      }
    }
  }

  /** @param choose which output of each image is looked at, (N, 1), from what the network gives. */
  #look(network: nn.Module, images: Tensor, choose: (scores: Tensor) => Tensor): Look {
    using _grad = torch.enableGrad();
    const input = images.detach().requiresGrad_(true);
    const output = callNetwork(this.name_, network, input);
    const scores = output.ndim === 1 ? output.unsqueeze(1) : output;
    const target = choose(scores.detach());
    // each image is alone: the gradient of the sum is that of each
    const chosen = scores.gather(1, target).sum();
    if (!chosen.requiresGrad) this.#refuse("does not depend on the image by anything that has a gradient");
    const [gradient = null] = torch.autograd.grad(chosen, input, { allowUnused: true });
    if (gradient === null) this.#refuse("does not depend on the image");
    return { output: output.detach(), gradient, target };
  }

  /** (N, 1). @param among the outputs of which the largest is explained; null: all. */
  #targetOf(scores: Tensor, among: OutputGroup | null): Tensor {
    const [images = 0, count = 0] = scores.shape;
    if (scores.ndim !== 2) {
      this.#refuse(
        `has shape (${scores.shape.join(", ")}). Maps are made of values, such as scores of classes, and not of images or patches`,
      );
    }
    if (this.target !== null && this.target >= count) {
      this.#refuse(`has ${count} ${count === 1 ? "value" : "values"} for each image, and 'target' is ${this.target}`);
    }
    if (among !== null && among.start + among.count > count) {
      this.#refuse(`has ${count} values for each image, and those of '${among.name}' would be beyond them`);
    }
    if (among !== null) return scores.narrow(1, among.start, among.count).argmax(1, true).add(among.start);
    return this.target === null
      ? scores.argmax(1, true)
      : torch.full([images, 1], this.target, { dtype: "int64", device: scores.device });
  }

  #refuse(why: string): never {
    throw new ConfigError(`${this.name_}: what the network gives ${why}.`);
  }
}

/** What the network gives for images, and how that would change with them. */
interface Look {
  readonly output: Tensor;
  /** Of the shape of the images. */
  readonly gradient: Tensor;
  /** Which output of each image that is of, (N, 1). */
  readonly target: Tensor;
}
