// Environments of Python for comparisons, each of its own in the cache, made at the first use.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheRoot } from "./setup/platform.mjs";

const MAKER = fileURLToPath(new URL("./make-python-environment.mjs", import.meta.url));

/**
 * The Python of an environment: the one that a variable names, else that of the cache.
 * @param {{ name: string, what: string, size: string, variable: string, requirements: string[], bare?: string[], imports: string[] }} environment
 * `name` is its folder in the cache, `bare` is installed without what it depends on, `imports` are the modules that must load before it counts
 * as made.
 * @throws Error when the environment cannot be made.
 */
export function pythonEnvironment({ name, what, size, variable, requirements, bare = [], imports }) {
  const named = process.env[variable];
  if (named) return named;
  const home = join(cacheRoot(), name);
  const python = join(home, "bin", "python");
  if (existsSync(join(home, ".complete"))) return python;
  const asked = JSON.stringify({ home, what, size, requirements, bare, imports });
  const { status } = spawnSync(process.execPath, [MAKER, asked], { stdio: ["ignore", 2, 2] });
  if (status === 0) return python;
  throw new Error(
    `The environment of ${what} could not be made in ${home}: what failed is said above. ` +
      `Python 3.10 to 3.13 with pip and the network are needed; or name a Python that has it in ${variable}.`,
  );
}

/** A Python with ClinicaDL 2.0.0, the original: CLINICADL_REFERENCE_PYTHON names another. */
export const referencePython = () =>
  pythonEnvironment({
    name: "reference-2.0.0",
    what: "ClinicaDL 2.0.0",
    size: "6 GB",
    variable: "CLINICADL_REFERENCE_PYTHON",
    // from pydantic 2.13 on, some of its transforms (RandomFlip among them) cannot be made
    requirements: ["clinicadl==2.0.0", "pydantic<2.13"],
    imports: ["clinicadl.train"],
  });

/** A Python with today's versions of what one would use instead, for speed only: CLINICADL_PEERS_PYTHON names another. */
export const peersPython = () =>
  pythonEnvironment({
    name: "peers-2026-11",
    what: "TorchIO 1.2, MONAI 1.6 and PyTorch 2.15",
    size: "6 GB",
    variable: "CLINICADL_PEERS_PYTHON",
    requirements: [
      "torch==2.15.0",
      "torchio==1.2.1",
      "monai==1.6.1",
      "SimpleITK==2.5.7",
      "nibabel==5.4.2",
      "blosc2==4.14.1",
      "scipy",
      "scikit-image",
    ],
    imports: ["torch", "torchio", "monai", "SimpleITK", "skimage"],
  });

/** A Python with DeepMind's metrics of surfaces: CLINICADL_SURFACES_PYTHON names another. */
export const surfacesPython = () =>
  pythonEnvironment({
    name: "surface-distance-0.1",
    what: "DeepMind's surface-distance 0.1",
    size: "200 MB",
    variable: "CLINICADL_SURFACES_PYTHON",
    requirements: ["surface-distance==0.1", "numpy", "scipy"],
    imports: ["surface_distance", "numpy", "scipy"],
  });

/** A Python with the loader of nnU-Net, and of what nnU-Net needs only what that imports: CLINICADL_NNUNET_PYTHON names another. */
export const nnunetPython = () =>
  pythonEnvironment({
    name: "nnunet-2.8.1",
    what: "the loader of nnU-Net 2.8",
    size: "200 MB",
    variable: "CLINICADL_NNUNET_PYTHON",
    requirements: ["blosc2==4.14.1", "numpy", "nibabel"],
    bare: ["nnunetv2==2.8.1"],
    imports: ["blosc2", "numpy", "nibabel"],
  });

/** A Python with TensorBoard, without TensorFlow: CLINICADL_TENSORBOARD_PYTHON names another. */
export const tensorboardPython = () =>
  pythonEnvironment({
    name: "tensorboard-2.21",
    what: "TensorBoard 2.21",
    size: "150 MB",
    variable: "CLINICADL_TENSORBOARD_PYTHON",
    requirements: ["tensorboard==2.21.0", "setuptools<81"],
    imports: ["tensorboard.backend.event_processing.event_accumulator"],
  });

/** A Python with MLflow and its server: CLINICADL_MLFLOW_PYTHON names another. */
export const mlflowPython = () =>
  pythonEnvironment({
    name: "mlflow-3.17",
    what: "MLflow 3.17",
    size: "1 GB",
    variable: "CLINICADL_MLFLOW_PYTHON",
    requirements: ["mlflow==3.17.2"],
    imports: ["mlflow.server"],
  });

/** A Python with Trackio: CLINICADL_TRACKIO_PYTHON names another. */
export const trackioPython = () =>
  pythonEnvironment({
    name: "trackio-0.43",
    what: "Trackio 0.43",
    size: "500 MB",
    variable: "CLINICADL_TRACKIO_PYTHON",
    requirements: ["trackio==0.43.0"],
    imports: ["trackio"],
  });

/** A Python with Optuna: CLINICADL_OPTUNA_PYTHON names another. */
export const optunaPython = () =>
  pythonEnvironment({
    name: "optuna-5.0.0",
    what: "Optuna 5.0",
    size: "150 MB",
    variable: "CLINICADL_OPTUNA_PYTHON",
    requirements: ["optuna==5.0.0"],
    imports: ["optuna", "numpy"],
  });

/** A Python with Captum, and its PyTorch: CLINICADL_CAPTUM_PYTHON names another. */
export const captumPython = () =>
  pythonEnvironment({
    name: "captum-0.9.0",
    what: "Captum 0.9",
    size: "6 GB",
    variable: "CLINICADL_CAPTUM_PYTHON",
    requirements: ["captum==0.9.0", "torch==2.15.0"],
    imports: ["captum.attr"],
  });
