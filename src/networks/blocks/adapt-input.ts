import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/**
 * Makes the weight of the first convolution (out, in, …) one for as many channels as the network's images have, by the rule of timm: for one channel
 * the sum over those of the file, for others these in turn, scaled so that an image with the same values in all channels gives what it gave.
 * @param weights where the new one takes the place of that of the file.
 * @returns what was done, or null where nothing was.
 */
export function adaptInput(weights: Map<string, Tensor>, name: string, expected: Tensor | undefined): string | null {
  const given = weights.get(name);
  const [from, to] = [given?.shape[1], expected?.shape[1]];
  if (given === undefined || from === undefined || to === undefined || from === to) return null;
  // what is for other dimensions is refused as it is
  if (given.ndim !== expected?.ndim) return null;
  weights.set(name, adapted(given, from, to));
  return `${name} is made for ${to} channel(s) of the file's for ${from}.`;
}

function adapted(weight: Tensor, from: number, to: number): Tensor {
  if (to === 1) return weight.sum([1], true);
  const turns = Math.ceil(to / from);
  const repeated = torch.cat(
    Array.from({ length: turns }, () => weight),
    1,
  );
  return repeated.narrow(1, 0, to).mul(from / to);
}
