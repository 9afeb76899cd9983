/** So many batches are written between two thinnings: the file holds three times as many at most, of about 150 bytes each. */
export const BLOCK = 20_000;

/**
 * Which batches stay when so many were trained on, counted over all epochs: the last `block` of them, and of those before every
 * second one, fourth one …, at most `block`. What is left follows from the numbers of the batches alone, so that a resumed training
 * leaves the same ones as one that was not interrupted.
 */
export function staysAfter(trained: number, block: number): (batch: number) => boolean {
  const old = trained - block;
  let stride = 1;
  while (old / stride > block) stride *= 2;
  return (batch) => batch > old || batch % stride === 0;
}
