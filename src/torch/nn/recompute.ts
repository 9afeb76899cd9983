/** Whether layers run a second time for their gradients: what they count or average, they have counted already. */
let depth = 0;

export function isRecomputing(): boolean {
  return depth > 0;
}

export function recomputing<T>(body: () => T): T {
  depth++;
  try {
    return body();
  } finally {
    depth--;
  }
}

/** What a layer is given, as far as it is asked here. */
interface Given {
  readonly requiresGrad: boolean;
}

/** The inputs of a part of a network that runs without gradients now, and will be run again for them. */
let first: readonly Given[] | null = null;

/** Runs `body`, in which layers are to do, to the last bit, what they will do with gradients. */
export function runningFirst<T>(inputs: readonly Given[], body: () => T): T {
  const before = first;
  first = inputs;
  try {
    return body();
  } finally {
    first = before;
  }
}

/** Whether gradients are computed now, or will be of the same once more. */
export function hasGradients(gradEnabled: boolean): boolean {
  return gradEnabled || first !== null;
}

/** Whether what a layer is given has a gradient, or will have: of all but the inputs of such a part that is not known, and taken to be so. */
export function needsGradient(x: Given, gradEnabled: boolean): boolean {
  if (gradEnabled || first === null) return gradEnabled && x.requiresGrad;
  return !first.includes(x) || x.requiresGrad;
}
