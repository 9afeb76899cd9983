import { type DeeplySupervised, type NetworkConfig, networkRegistry } from "../networks/index.ts";
import { nn, Tensor } from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Named } from "../utils/registry.ts";

type Several = nn.Module<[Tensor], readonly Tensor[]>;
type One = nn.Module | NetworkConfig | Named;

/** A network that gives one tensor or several, or the config of one. */
export type NetworkOption = One | Several | NetworkConfig<Several> | DeeplySupervised | NetworkConfig<DeeplySupervised>;

/**
 * The network for the parent of a model that knows what to do with several tensors: the parent's options are those of one. It remembers
 * its config.
 */
export function ofAnyOutput(network: NetworkOption | nn.AnyModule): One {
  const config = network instanceof nn.Module ? null : networkRegistry.from("'network'", network);
  const made: unknown = config === null ? network : config.getObject();
  if (made instanceof nn.Module) return made;
  throw new ConfigError(`'network' got ${show(network)}. Expected a torch.nn.Module or the config of one.`, {
    fieldNames: ["network"],
  });
}

/** A network of several outputs as one of the first of them, for an inferer, which needs one tensor. It holds the network as it is. */
export class FirstOutput extends nn.Module<[Tensor], Tensor> {
  readonly #network: nn.Module;

  constructor(network: nn.Module) {
    super();
    this.#network = network;
  }

  override forward(images: Tensor): Tensor {
    const outputs: unknown = this.#network.call(images);
    if (!Array.isArray(outputs)) return outputs as Tensor;
    const [first, ...others] = outputs;
    for (const other of others) if (other instanceof Tensor) other.dispose();
    return first;
  }
}
