/** The value for dimension i. */
export function at(value: number | readonly number[], i: number): number {
  return typeof value === "number" ? value : (value[i] ?? value[0] ?? 1);
}

/** The spatial size after a convolution. */
export function convOutSize(
  inSize: readonly number[],
  kernelSize: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
  dilation: readonly number[],
): number[] {
  return inSize.map((length, i) => {
    const reach = (dilation[i] ?? 1) * ((kernelSize[i] ?? 1) - 1) + 1;
    return Math.floor((length + 2 * (padding[i] ?? 0) - reach) / (stride[i] ?? 1)) + 1;
  });
}

/** The spatial size after a transposed convolution. */
export function convTransposeOutSize(
  inSize: readonly number[],
  kernelSize: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
  outputPadding: readonly number[],
  dilation: readonly number[],
): number[] {
  return inSize.map((length, i) => {
    const reach = (dilation[i] ?? 1) * ((kernelSize[i] ?? 1) - 1) + 1;
    return (length - 1) * (stride[i] ?? 1) - 2 * (padding[i] ?? 0) + reach + (outputPadding[i] ?? 0);
  });
}
