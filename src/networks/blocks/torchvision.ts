import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { nn } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/** A file of torchvision's weights. */
export interface TorchvisionWeights {
  /** How it is named in the cache of PyTorch; the last 8 digits are those with which its SHA-256 begins. */
  readonly file: string;
  /** What a weight is called here; null: it is one of the last layer, which is not loaded. */
  readonly rename: (key: string) => string | null;
}

/** What loads the weights with which a network began. */
const loaders = new WeakMap<nn.AnyModule, () => void>();

/**
 * Loads torchvision's weights into a network, all but those of its last layer, if its config asks for them.
 * @param config its `pretrained` is the path of the file, true for that of PyTorch's cache, or false.
 * @throws ConfigError when there is no such file, or its weights are not those of the network.
 */
export function beginPretrained(
  network: nn.AnyModule,
  { name_, pretrained }: { readonly name_: string; readonly pretrained: string | boolean },
  weights: TorchvisionWeights,
): void {
  if (pretrained === false) return;
  const load = () => loadTorchvision(network, name_, pretrained, weights);
  load();
  loaders.set(network, load);
}

/** Loads the weights again with which a network began: its `resetParameters` ends so. */
export function putBackPretrained(network: nn.AnyModule): void {
  loaders.get(network)?.();
}

function loadTorchvision(
  network: nn.AnyModule,
  name: string,
  pretrained: string | true,
  { file, rename }: TorchvisionWeights,
): void {
  const path = pretrained === true ? join(hubFolder(process.env), "checkpoints", file) : pretrained;
  if (!existsSync(path)) {
    const how =
      "With Python: torchvision.models.get_model_weights(…).DEFAULT.get_state_dict(); or give 'pretrained' the path of the file.";
    throw new ConfigError(`${name}: 'pretrained' got ${String(pretrained)}, but there is no ${path}. ${how}`, {
      fieldNames: ["pretrained"],
    });
  }
  using _scope = torch.scope();
  const loaded = torch.load(path);
  const entries: Iterable<[unknown, unknown]> = loaded instanceof Map ? loaded : Object.entries(loaded ?? {});
  const renamed = new Map<string, torch.Tensor>();
  for (const [key, tensor] of entries) {
    const own = rename(String(key));
    if (own !== null && tensor instanceof torch.Tensor) renamed.set(own, tensor);
  }
  const expected = [...network.stateDict()].filter(([key]) => !/^fc\./.test(key));
  const wrong = expected.flatMap(([key, { shape }]) => {
    const given = renamed.get(key);
    // files of before PyTorch 0.4.1 do not count batches
    if (given === undefined) return key.endsWith("num_batches_tracked") ? [] : [`${key} is missing`];
    return given.shape.join() === shape.join()
      ? []
      : [`${key} has the shape [${given.shape.join(", ")}], not [${shape.join(", ")}]`];
  });
  const known = new Set(expected.map(([key]) => key));
  wrong.push(...[...renamed.keys()].filter((key) => !known.has(key)).map((key) => `${key} is not known`));
  if (wrong.length > 0) {
    throw new ConfigError(
      `${name}: the weights of ${path} are not those of this network: ${wrong.slice(0, 3).join("; ")}${wrong.length > 3 ? ` and ${wrong.length - 3} more` : ""}.`,
      { fieldNames: ["pretrained"] },
    );
  }
  network.loadStateDict(renamed, { strict: false });
}

/** Where PyTorch keeps what it downloads: `torch.hub.get_dir()`. */
function hubFolder(env: NodeJS.ProcessEnv): string {
  const home = env.TORCH_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "torch");
  return join(home, "hub");
}
