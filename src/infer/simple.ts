import { z } from "zod";
import type { Batch } from "../data/dataloader/index.ts";
import type { DataPoint } from "../data/structures/index.ts";
import type { nn } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import type { Inferer } from "./inferer.ts";
import { callNetwork, type InferOptions, imagesOf, inferInto, outputOptions } from "./output.ts";

const schema = z.strictObject(outputOptions);

/**
 * Passes whole images through the network.
 *
 * Options: `postprocessing` (none: transforms of the samples, after the network), `postprocessingOnCpu` (false),
 * `outputName` ("output": the field where the output goes), `outputType` ("tensor"; "image" and "mask" give it the
 * affine of the image).
 * @example
 * ```ts
 * using batch = new Batch([await dataset.get(0), await dataset.get(1)]);
 * using scope = torch.scope();
 * new SimpleInferer({ outputName: "score" }).call(batch, model.network);
 * console.log(batch.getField("score").shape); // → [ 2, 1 ]
 * ```
 */
export class SimpleInferer extends configClass("SimpleInferer", schema) implements Inferer {
  /** Adds the output to a batch, or to a data point, which the network sees as a batch of one. */
  call<T extends Batch | DataPoint>(x: T, network: nn.Module, { inputDtype = "float32" }: InferOptions = {}): T {
    return inferInto(x, this, () => callNetwork(this.name_, network, imagesOf(x, { dtype: inputDtype })));
  }
}
