/**
 * A number with commas between thousands: `12,345`. Not by `toLocaleString`, whose first call of a process takes tens of milliseconds, before the
 * first step of a training.
 */
export function grouped(n: number, decimals: 0 | 2 = 0): string {
  return n.toFixed(decimals).replace(/\B(?=(?:\d{3})+(?:$|\.))/g, ",");
}
