/** The weights that a checkpoint or a file holds. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { load, loadSafetensors, Tensor } from "../../torch/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { naming } from "../../utils/file-errors.ts";
import { contentProblem } from "../files/index.ts";
import { Maps } from "../maps/index.ts";

/** Tensors by name, and the file that they come from. */
export interface SavedWeights {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** The weights of a checkpoint of a MAPS (`split-0_best-loss`). @throws ClinicaDLException listing what there is. */
export function readCheckpoint(maps: string | Maps, checkpoint: string): SavedWeights {
  const opened = maps instanceof Maps ? maps : new Maps(maps);
  if (opened.exists() && !existsSync(opened.training.path)) {
    throw new ClinicaDLException(`${opened.path} is not a MAPS: it has no training/.`);
  }
  opened.read();
  return readWeights(opened.training.getCheckpointDir(checkpoint).modelPt);
}

/**
 * The tensors of a file of `torch.save` or of safetensors, told apart by their content. What a script saved beside a state
 * dict (an epoch, an optimizer) is left aside.
 */
export function readWeights(path: string): SavedWeights {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) throw new ClinicaDLException(aboutDirectory(path));
  if (stat !== undefined && !stat.isFile()) throw new ClinicaDLException(`${path} is not a file.`);
  const problem = stat === undefined ? null : contentProblem(path);
  if (problem !== null) throw new ClinicaDLException(`Cannot read the weights ${path}: ${problem}.`);
  if (path.endsWith(".safetensors") && stat !== undefined && !isZip(path)) {
    return { path, tensors: loadSafetensors(path).tensors };
  }
  const tensors = stateDictIn(load(path));
  if (tensors === null) {
    throw new ClinicaDLException(
      `${path} holds no weights: a state dict (tensors by name) is expected, or one under 'state_dict', 'model_state_dict' or 'model'.`,
    );
  }
  return { path, tensors };
}

function aboutDirectory(path: string): string {
  const maps = new Maps(path);
  const names = existsSync(maps.training.path)
    ? [...maps.training.splits].flatMap(([i, split]) => split.models.list.map((name) => `split-${i}_${name}`))
    : [];
  if (names.length > 0) {
    return `${path} is a MAPS. Say which of its checkpoints: loadWeights(path, "${names[0]}"). There are: ${names.join(", ")}.`;
  }
  return `${path} is a directory without checkpoints. Give a MAPS with trained models, or a file (${join(path, "model.pt")}).`;
}

/** Files of `torch.save` are zip files, whatever their name. */
function isZip(path: string): boolean {
  const descriptor = openSync(path, "r");
  return naming(path, () => {
    try {
      const start = new Uint8Array(2);
      readSync(descriptor, start, 0, 2, 0);
      return start[0] === 0x50 && start[1] === 0x4b;
    } finally {
      closeSync(descriptor);
    }
  });
}

const WRAPPERS = ["state_dict", "model_state_dict", "model"];

function stateDictIn(value: unknown): Map<string, Tensor> | null {
  const entries = entriesOf(value);
  const tensors = entries.filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor);
  if (tensors.length > 0) return new Map(tensors);
  for (const wrapper of WRAPPERS) {
    const [, inner] = entries.find(([key]) => key === wrapper) ?? [];
    const found = entriesOf(inner).some(([, tensor]) => tensor instanceof Tensor) ? stateDictIn(inner) : null;
    if (found !== null) return found;
  }
  return null;
}

function entriesOf(value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...value].map(([key, v]) => [String(key), v]);
  return typeof value === "object" && value !== null && !(value instanceof Tensor) ? Object.entries(value) : [];
}
