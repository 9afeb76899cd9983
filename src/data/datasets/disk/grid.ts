import type { Region } from "../../../transforms/index.ts";

/** How a volume is divided into chunks. */
export type Axes = readonly [number, number, number];

/** Channels, and voxels along three axes, of which the last is the fastest. */
export type VolumeShape = readonly [channels: number, ...axes: Axes];

/** A chunk of a volume. */
export interface Chunk {
  /** Its place in the order in which chunks are written. */
  readonly ordinal: number;
  readonly channel: number;
  /** Its first voxel, and how many it has: fewer than others at the end of an axis. */
  readonly start: Axes;
  readonly size: Axes;
}

const map = (body: (axis: 0 | 1 | 2) => number): Axes => [body(0), body(1), body(2)];

/** The shape as that of a volume; of what is none, all elements in a row. */
export function volumeShape(shape: readonly number[]): VolumeShape {
  const [c = 1, d = 1, h = 1, w = 1] = shape;
  if (shape.length === 4) return [c, d, h, w];
  return [1, 1, 1, shape.reduce((product, n) => product * n, 1)];
}

/** All of a volume. */
export function wholeOf([, ...axes]: VolumeShape): Region {
  return { start: [0, 0, 0], size: axes };
}

/** Cubes for volumes: a patch then touches little beyond itself. What lies in a row is cut into as many elements. */
export function chunkEdges([, d, h]: VolumeShape, edge: number): Axes {
  return d === 1 && h === 1 ? [1, 1, edge ** 3] : [edge, edge, edge];
}

/** How many chunks a volume has along each axis. */
function gridOf([, ...axes]: VolumeShape, edges: Axes): Axes {
  return map((axis) => Math.ceil(axes[axis] / edges[axis]));
}

/** How many chunks a volume has. */
export function countChunks(shape: VolumeShape, edges: Axes): number {
  return gridOf(shape, edges).reduce((product, n) => product * n, shape[0]);
}

/** The chunks that a region touches, in their order. */
export function* chunksOf(shape: VolumeShape, edges: Axes, { start, size }: Region): Iterable<Chunk> {
  const [channels, ...axes] = shape;
  const grid = gridOf(shape, edges);
  const first = map((axis) => Math.floor(start[axis] / edges[axis]));
  const last = map((axis) => Math.floor((start[axis] + size[axis] - 1) / edges[axis]));
  for (let channel = 0; channel < channels; channel++) {
    for (let i = first[0]; i <= last[0]; i++) {
      for (let j = first[1]; j <= last[1]; j++) {
        for (let k = first[2]; k <= last[2]; k++) {
          const ordinal = ((channel * grid[0] + i) * grid[1] + j) * grid[2] + k;
          const at: Axes = [i * edges[0], j * edges[1], k * edges[2]];
          yield { ordinal, channel, start: at, size: map((axis) => Math.min(edges[axis], axes[axis] - at[axis])) };
        }
      }
    }
  }
}

/** What of a chunk lies in a region. */
export interface Overlap {
  /** The first voxel, counted from that of the chunk. */
  readonly from: Axes;
  readonly count: Axes;
  /** The first voxel, counted from that of the region. */
  readonly to: Axes;
}

export function overlapOf(chunk: Chunk, { start, size }: Region): Overlap {
  const first = map((axis) => Math.max(chunk.start[axis], start[axis]));
  const end = map((axis) => Math.min(chunk.start[axis] + chunk.size[axis], start[axis] + size[axis]));
  return {
    from: map((axis) => first[axis] - chunk.start[axis]),
    count: map((axis) => end[axis] - first[axis]),
    to: map((axis) => first[axis] - start[axis]),
  };
}
