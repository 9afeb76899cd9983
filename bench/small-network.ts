/** The network that the programs of the bench train, as `step.py` builds it. */
import { nn } from "clinicadl/torch";

/** Blocks of a convolution of 3³, BatchNorm, ReLU and max-pooling, then one number for each image of that shape. */
export function smallNetwork(channels: readonly number[], shape: readonly number[]): nn.Sequential {
  const all = [1, ...channels];
  const layers = channels.flatMap((outputs, i) => [
    new nn.Conv3d(all[i] ?? 1, outputs, 3, { padding: 1 }),
    new nn.BatchNorm3d(outputs),
    new nn.ReLU(),
    new nn.MaxPool3d(2),
  ]);
  const features = shape.reduce((n, length) => n * Math.floor(length / 2 ** channels.length), channels.at(-1) ?? 1);
  const net = new nn.Sequential(...layers, new nn.Flatten(), new nn.Linear(features, 1));
  net.to({ memoryFormat: "channels_last_3d" });
  return net;
}
