import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { downloaded, downloadTo } from "../../io/download/index.ts";
import { readWeights } from "../../io/weights/index.ts";
import type { nn, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { say } from "../../utils/output.ts";
import { adaptInput } from "./adapt-input.ts";

/** Where PyTorch has the weights that torchvision names. */
const TORCHVISION = "https://download.pytorch.org/models";

const path = z
  .string()
  .min(1)
  .refine((given) => !/^https?:/.test(given), "A web address needs the SHA-256 of its file: { url, sha256 }");
const remote = z.strictObject({
  /** From where the file comes: https://…, http://… or hf://owner/name/file. */
  url: z.string().regex(/^(https?|hf):\/\//, "Expected https://…, http://… or hf://owner/name/file"),

  /** The SHA-256 of the file, in 64 hexadecimal digits: another file is refused. */
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, "Expected the 64 hexadecimal digits of the file's SHA-256"),
});

/** Weights to begin with: false, the path of a file, `hf://owner/name/file`, or `{ url, sha256 }`. */
export const pretrainedSchema = z.union([z.literal(false), path, remote]);
export type Pretrained = z.output<typeof pretrainedSchema> | true;

/** How a file of weights fits a network. */
export interface PretrainedWeights {
  /** How torchvision's file is named in the cache of PyTorch; null: there is none. */
  readonly file: string | null;
  /** What a weight is called here; null: it is one of the last layer, which is not loaded. */
  readonly rename: (key: string) => string | null;
  /** The weight of the first convolution, which is made for the channels of the network's images. */
  readonly first: string;
  /** How the names of the last layer's weights begin. */
  readonly head: string;
}

/** What loads the weights with which a network began. */
const loaders = new WeakMap<nn.AnyModule, () => void>();

/**
 * Loads weights into a network, all but those of its last layer, if its config asks for them; and says which.
 * @param config its `pretrained` may be true: torchvision's file, from PyTorch's cache, or downloaded to it (`CLINICADL_TORCHVISION_URL`: from a mirror).
 * @throws ConfigError when there is no such file, or its weights are not those of the network; DownloadError.
 */
export function beginPretrained(
  network: nn.AnyModule,
  { name_, pretrained }: { readonly name_: string; readonly pretrained: Pretrained },
  weights: PretrainedWeights,
): void {
  if (pretrained === false) return;
  const file = fileOf(name_, pretrained, weights.file);
  say(loadPretrained(network, name_, file, weights));
  loaders.set(network, () => void loadPretrained(network, name_, file, weights));
}

/** Loads the weights again with which a network began: its `resetParameters` ends so. */
export function putBackPretrained(network: nn.AnyModule): void {
  loaders.get(network)?.();
}

/** The path of the file, which is there. */
function fileOf(name: string, pretrained: Exclude<Pretrained, false>, torchvision: string | null): string {
  if (typeof pretrained === "object") return downloaded(pretrained);
  if (typeof pretrained === "string" && pretrained.startsWith("hf://")) {
    return downloaded({ url: pretrained, sha256: null });
  }
  if (pretrained === true) return torchvisionFile(process.env, torchvision ?? "");
  if (existsSync(pretrained)) return pretrained;
  throw new ConfigError(`${name}: 'pretrained' got ${pretrained}, but there is no such file.`, {
    fieldNames: ["pretrained"],
  });
}

/** Of the cache of PyTorch, and downloaded to it, as PyTorch does, where it is not there. */
function torchvisionFile(env: NodeJS.ProcessEnv, file: string): string {
  const path = join(hubFolder(env), "checkpoints", file);
  if (!existsSync(path)) downloadTo(path, `${env.CLINICADL_TORCHVISION_URL || TORCHVISION}/${file}`, env);
  return path;
}

/** @returns what was loaded, and what was not. */
function loadPretrained(network: nn.AnyModule, name: string, file: string, weights: PretrainedWeights): string {
  using _scope = torch.scope();
  const { rename, first, head } = weights;
  const state = network.stateDict();
  const expected = [...state].filter(([key]) => !key.startsWith(head));
  const given = withoutPrefix(readWeights(file).tensors);
  // those of a network of this package, such as a MAPS holds, have its names
  const isOurs = expected.every(([key]) => given.has(key) || key.endsWith("num_batches_tracked"));
  const renamed = new Map<string, Tensor>();
  const leftOut: string[] = [];
  for (const [name, { key, tensor }] of given) {
    const own = isOurs ? (state.has(name) && !name.startsWith(head) ? name : null) : rename(name);
    if (own === null) leftOut.push(key);
    else renamed.set(own, tensor);
  }
  const adapted = adaptInput(renamed, first, state.get(first));
  const wrong = differences(expected, renamed);
  if (wrong.length > 0) {
    const more = wrong.length > 3 ? ` and ${wrong.length - 3} more` : "";
    throw new ConfigError(
      `${name}: the weights of ${file} are not those of this network: ${wrong.slice(0, 3).join("; ")}${more}.`,
      { fieldNames: ["pretrained"] },
    );
  }
  network.loadStateDict(renamed, { strict: false });
  const drawn = [...state.keys()].filter((key) => !renamed.has(key) && !key.endsWith("num_batches_tracked"));
  const lines = [
    `${name}: ${renamed.size} weights are those of ${file}.`,
    adapted,
    drawn.length > 0 ? `Drawn: ${drawn.join(", ")}.` : null,
    leftOut.length > 0 ? `Not taken from the file: ${leftOut.join(", ")}.` : null,
  ];
  return lines.filter((line) => line !== null).join(" ");
}

/** Weights by their names in the network, and those of the file. */
function withoutPrefix(
  tensors: ReadonlyMap<string, Tensor>,
): Map<string, { readonly key: string; readonly tensor: Tensor }> {
  // DataParallel of PyTorch, in which MedicalNet was trained, puts the one before each name, a model of this package the other
  return new Map([...tensors].map(([key, tensor]) => [key.replace(/^(module|network)\./, ""), { key, tensor }]));
}

function differences(expected: readonly [string, Tensor][], given: ReadonlyMap<string, Tensor>): string[] {
  const shown = (shape: readonly number[]) => `[${shape.join(", ")}]`;
  const known = new Set(expected.map(([key]) => key));
  const wrong = expected.flatMap(([key, { shape }]) => {
    const there = given.get(key)?.shape;
    // files of before PyTorch 0.4.1 do not count batches
    if (there === undefined) return key.endsWith("num_batches_tracked") ? [] : [`${key} is missing`];
    return there.join() === shape.join() ? [] : [`${key} has the shape ${shown(there)}, not ${shown(shape)}`];
  });
  return [...wrong, ...[...given.keys()].filter((key) => !known.has(key)).map((key) => `${key} is not known`)];
}

/** Where PyTorch keeps what it downloads: `torch.hub.get_dir()`. */
function hubFolder(env: NodeJS.ProcessEnv): string {
  const home = env.TORCH_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "torch");
  return join(home, "hub");
}
