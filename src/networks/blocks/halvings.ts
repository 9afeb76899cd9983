import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/**
 * Checks that images of a size can be made smaller by whole factors, and larger again to the same size.
 * @param factors by what each dimension is divided in all.
 * @param fewer how there would be fewer steps, for the message.
 * @throws ConfigError before anything is computed.
 */
export function checkDivisible(name: string, size: readonly number[], factors: readonly number[], fewer: string): void {
  if (size.every((length, i) => length % (factors[i] ?? 1) === 0)) return;
  const [first = 1] = factors;
  const multiples = factors.every((factor) => factor === first) ? String(first) : show(factors);
  throw new ConfigError(
    `${name}: images of size ${show(size)} cannot be made smaller in all its steps and larger again. ` +
      `Each dimension must be a multiple of ${multiples}: crop or pad the images, or ${fewer}.`,
  );
}
