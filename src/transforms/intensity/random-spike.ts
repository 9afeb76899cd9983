import { z } from "zod";
import { randomConfig, randomPerImage } from "../base.ts";
import { range } from "../ranges.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { requireFinite } from "./spectrum.ts";
import { addWaves, frequencyAt, spikeHeights } from "./spikes.ts";

const numSpikes = range({ min: 0, integer: true });
const intensity = range();
const share = z.number().min(0).max(1);
const place3 = z.tuple([share, share, share]);

/**
 * Adds stripes in all directions, as spikes in the spectrum of an MR image do. Masks are left alone. As TorchIO's `RandomSpike`.
 *
 * - `numSpikes`: how many, one number or the smallest and the greatest. Default 1.
 * - `intensity`: how high a spike is, as a share of the greatest real part in the spectrum: a range, or one number d for -d to d. Default 1 to 3.
 *
 * @throws ImageError, naming the participant, when an image holds NaN.
 * @example
 * ```ts
 * using sample = await sampleWith({ augmentations: [new RandomSpikeConfig({ numSpikes: 1, intensity: [1, 3] })] });
 * console.log(sample.history.map(({ name_ }) => name_)); // → [ 'RandomSpike' ]
 * ```
 */
export class RandomSpikeConfig
  extends randomConfig("RandomSpike", {
    numSpikes: numSpikes.field.default(1),
    intensity: intensity.field.default([1, 3]),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return randomPerImage(this, "scalar", {
      drawn: z.strictObject({ spikes_positions: z.array(place3), intensity: z.number() }),
      draw: (rng) => {
        const count = numSpikes.draw(this.numSpikes, rng);
        const drawn = intensity.draw(this.intensity, rng);
        const position = (): [number, number, number] => [rng.uniform(), rng.uniform(), rng.uniform()];
        return { spikes_positions: Array.from({ length: count }, position), intensity: drawn };
      },
      change: (image, drawn, place) => {
        if (drawn.spikes_positions.length === 0 || drawn.intensity === 0) return;
        const tensor = image.tensor.to({ dtype: "float32" }).clone({ memoryFormat: "contiguous" });
        const [least] = requireFinite(tensor, place);
        const [channels = 1, ...size] = tensor.shape;
        const frequencies = drawn.spikes_positions.map((position) => frequencyAt(position, size));
        for (let channel = 0; channel < channels; channel++) {
          const own = tensor.select(0, channel);
          const heights = spikeHeights(own, frequencies, drawn.intensity, least);
          addWaves(
            own,
            frequencies.map((frequency, i) => ({ frequency, height: heights[i] ?? 0 })),
          );
        }
        image.tensor = tensor;
      },
    });
  }
}
