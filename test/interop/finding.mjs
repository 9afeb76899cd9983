// What a comparison found.

/**
 * A row of the table; what could not be compared, or compared nothing, is not ok.
 * @param row `{ direction, operation, tolerance, needs, compared }`: `compared` gives `{ largest, count }` once the
 *   errands that it `needs` are done.
 * @returns `{ configuration, direction, operation, tolerance, compared, largest, ok, error }`
 */
export function finding(configuration, { direction, operation, tolerance, needs, compared }, errands) {
  const row = { configuration, direction, operation, tolerance };
  const failed = errands.errorOf(needs);
  if (failed !== null) return { ...row, ok: false, error: failed };
  try {
    const { largest, count } = compared();
    return { ...row, compared: count, largest, ok: count > 0 && largest <= tolerance };
  } catch (error) {
    return { ...row, ok: false, error: error.message };
  }
}
