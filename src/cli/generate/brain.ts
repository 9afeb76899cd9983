import type { Rng } from "../../utils/random/index.ts";
import { smoothField } from "./smooth-field.ts";
import type { Template } from "./template.ts";

/** The voxels of a cohort's images. */
export interface Grid {
  readonly shape: readonly [number, number, number];
  /** Millimetres between voxels. */
  readonly spacing: number;
  /** Millimetres (MNI) of the first voxel. */
  readonly origin: readonly [number, number, number];
}

/** What makes a simulated person's image. */
export interface BrainOptions {
  /** The person's anatomy: the same in all sessions. */
  readonly anatomy: Rng;
  /** The session's: bias field and noise. */
  readonly scan: Rng;
  /** 0: healthy; 1: both hippocampal regions are as dark as the fluid around the brain. */
  readonly atrophy: number;
  /** Head size; 1 is the template's. */
  readonly scale: number;
}

/** A simulated image, and what it shows: each value of the masks belongs to the voxel of the image at its place. */
export interface SimulatedBrain {
  readonly image: Uint8Array;
  /** The index of {@link TISSUES} in each voxel; 0 outside the brain. */
  readonly tissues: Uint8Array;
  /** 1 in both hippocampal regions, else 0. */
  readonly hippocampus: Uint8Array;
}

/** The tissues by their index, which is that of BIDS; and what is below in the template. */
export const TISSUES = [
  { index: 3, name: "Cerebrospinal fluid", abbreviation: "CSF", below: 100 },
  { index: 1, name: "Grey matter", abbreviation: "GM", below: 200 },
  { index: 2, name: "White matter", abbreviation: "WM", below: Number.POSITIVE_INFINITY },
] as const;

/** Millimetres (MNI) of the centre of the hippocampus; the other one lies at -x. */
const HIPPOCAMPUS = [26, -22, -14] as const;
/** Half axes, in millimetres, of the ellipsoid in which the region is changed. */
const HALF_AXES = [16, 22, 16] as const;
/** Share of the distance from the centre by which a wholly atrophied region shrinks. */
const SHRINKAGE = 0.25;
/** Squared relative distance from its centre up to which the hippocampal region of the mask reaches, in the template. */
const REGION = 0.5;
/** What fluid looks like in the template. */
const FLUID = 35;
const DISPLACEMENT_MM = 1.2;
const DISPLACEMENT_KNOTS_MM = 27;
const BIAS_KNOTS_MM = 70;
const BIAS_LOG_STD = 0.05;
/** Of the white matter's intensity. */
const NOISE_STD = 0.02;
/** Leaves room for the bias field in 8 bits. */
const GAIN = 0.8;

/** The grid that covers the template at a resolution. */
export function gridOf({ shape, origin }: Template, resolution: number): Grid {
  return {
    shape: shape.map((n) => Math.ceil(n / resolution)) as [number, number, number],
    spacing: resolution,
    origin: origin.map((mm) => mm + (resolution - 1) / 2) as [number, number, number],
  };
}

/**
 * A simulated T1-weighted image: the template, of another head size, smoothly deformed by a few millimetres, with shrunken and darker
 * hippocampal regions to the degree of `atrophy`, a bias field and noise. 0 outside the brain; 8 bits; z fastest. The masks follow from
 * what is there before the bias field and the noise.
 */
export function simulateBrain(
  template: Template,
  grid: Grid,
  { anatomy, scan, atrophy, scale }: BrainOptions,
): SimulatedBrain {
  const { shape, spacing, origin } = grid;
  const [nx, ny, nz] = shape;
  const displacement = (): Float32Array =>
    smoothField(anatomy, shape, DISPLACEMENT_KNOTS_MM / spacing, DISPLACEMENT_MM);
  const [dx, dy, dz] = [displacement(), displacement(), displacement()];
  const bias = smoothField(scan, shape, BIAS_KNOTS_MM / spacing, BIAS_LOG_STD);
  const [image, tissues, hippocampus] = [0, 1, 2].map(() => new Uint8Array(nx * ny * nz)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  let i = 0;
  for (let x = 0; x < nx; x++) {
    for (let y = 0; y < ny; y++) {
      for (let z = 0; z < nz; z++, i++) {
        let px = (origin[0] + x * spacing) / scale + (dx[i] as number);
        let py = (origin[1] + y * spacing) / scale + (dy[i] as number);
        let pz = (origin[2] + z * spacing) / scale + (dz[i] as number);
        const side = px < 0 ? -HIPPOCAMPUS[0] : HIPPOCAMPUS[0];
        const [rx, ry, rz] = [px - side, py - HIPPOCAMPUS[1], pz - HIPPOCAMPUS[2]];
        const r2 = (rx / HALF_AXES[0]) ** 2 + (ry / HALF_AXES[1]) ** 2 + (rz / HALF_AXES[2]) ** 2;
        const change = atrophy * insideness(r2);
        // sampling further out makes the region smaller
        px += rx * SHRINKAGE * change;
        py += ry * SHRINKAGE * change;
        pz += rz * SHRINKAGE * change;
        const value = sample(template, px, py, pz);
        if (value < 1) continue;
        const tissue = value > FLUID ? value + (FLUID - value) * change : value;
        const measured = tissue * GAIN * Math.exp(bias[i] as number) + scan.normal(0, NOISE_STD * 255 * GAIN);
        image[i] = Math.min(255, Math.max(1, Math.round(measured)));
        tissues[i] = TISSUES.find(({ below }) => tissue < below)?.index ?? 0;
        hippocampus[i] = r2 * (1 + SHRINKAGE * change) ** 2 < REGION ? 1 : 0;
      }
    }
  }
  return { image, tissues, hippocampus };
}

/** 1 in the inner half of an ellipsoid, falling smoothly to 0 at its surface; `r2` is the squared relative distance. */
function insideness(r2: number): number {
  if (r2 >= 1) return 0;
  const t = Math.min(1, (1 - Math.sqrt(r2)) * 2);
  return t * t * (3 - 2 * t);
}

/** Trilinear interpolation at a point in millimetres; 0 beyond the template. */
function sample({ data, shape, origin }: Template, mx: number, my: number, mz: number): number {
  const [x, y, z] = [mx - origin[0], my - origin[1], mz - origin[2]];
  const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  if (x0 < 0 || y0 < 0 || z0 < 0 || x0 + 1 >= shape[0] || y0 + 1 >= shape[1] || z0 + 1 >= shape[2]) return 0;
  const [fx, fy, fz] = [x - x0, y - y0, z - z0];
  const sx = shape[1] * shape[2];
  const sy = shape[2];
  const at = x0 * sx + y0 * sy + z0;
  const line = (from: number): number => (data[from] as number) * (1 - fz) + (data[from + 1] as number) * fz;
  const plane = (from: number): number => line(from) * (1 - fy) + line(from + sy) * fy;
  return plane(at) * (1 - fx) + plane(at + sx) * fx;
}
