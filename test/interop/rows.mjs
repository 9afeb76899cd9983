// Rows of comparisons that need no errand.

/**
 * A row as those of `finding`.
 * @param compared gives the difference of each thing that was compared, or a promise of them.
 */
export async function row(configuration, direction, operation, tolerance, compared) {
  const out = { configuration, direction, operation, tolerance };
  try {
    const differences = await compared();
    const largest = Math.max(0, ...differences);
    return { ...out, compared: differences.length, largest, ok: differences.length > 0 && largest <= tolerance };
  } catch (error) {
    return { ...out, ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** The largest difference of two lists of numbers; Infinity when one is longer. */
export const largestOf = (a, b) =>
  a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]))) : Number.POSITIVE_INFINITY;
