import { type nn, noGrad, random, Tensor } from "../torch/index.ts";

/** The spatial sizes of what a network gives for images, the first output first: they depend on the size of the images alone. */
export class OutputSizes {
  readonly #known = new Map<string, readonly (readonly number[])[]>();

  /** Remembers what the network gave. */
  note(images: Tensor, outputs: readonly Tensor[]): void {
    this.#known.set(
      images.shape.slice(1).join(),
      outputs.map((output) => output.shape.slice(2)),
    );
  }

  /** What the network gives for such images. Unless it is known, one of them passes through it, which changes nothing in it. */
  of(network: nn.Module, images: Tensor): readonly (readonly number[])[] {
    const key = images.shape.slice(1).join();
    if (!this.#known.has(key)) {
      const [weight] = network.parameters();
      const one = images.narrow(0, 0, 1).to({ device: weight?.device ?? images.device });
      this.note(one, passed(network, one));
    }
    return this.#known.get(key) ?? [];
  }
}

/** What the network gives as it is, except that its layers draw nothing, count nothing, and wait for no other process. */
function passed(network: nn.Module, images: Tensor): Tensor[] {
  const layers = [...network.modules()].filter((module) => [...module.children()].length === 0 && module !== network);
  const modes = layers.map((layer) => layer.training);
  using _grad = noGrad();
  try {
    for (const layer of layers) layer.training = false;
    const outputs: unknown = random.fork(() => network.call(images), images.device);
    return (Array.isArray(outputs) ? outputs : [outputs]).filter((output) => output instanceof Tensor);
  } finally {
    layers.forEach((layer, i) => {
      layer.training = modes[i] ?? true;
    });
  }
}
