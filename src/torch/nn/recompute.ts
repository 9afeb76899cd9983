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
