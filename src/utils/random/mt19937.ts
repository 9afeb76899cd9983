/**
 * NumPy's legacy generator: `numpy.random.RandomState(seed)`, bit for bit, as far as splits need it. scikit-learn draws from
 * it, so the same seed gives the same folds.
 *
 * Mersenne Twister MT19937 (Matsumoto & Nishimura 1998).
 */
const N = 624;
const M = 397;

export class RandomState {
  readonly #key = new Uint32Array(N);
  #position = N;

  /**
   * @param seed an integer in [0, 2³²).
   * @throws RangeError for any other seed, as NumPy.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError(`RandomState: the seed got ${seed}. Give an integer from 0 to 4294967295 (2³² - 1).`);
    }
    let word = seed >>> 0;
    for (let i = 0; i < N; i++) {
      this.#key[i] = word;
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i + 1) >>> 0;
    }
  }

  /** An integer in [0, 2³²). */
  uint32(): number {
    if (this.#position === N) this.#twist();
    let y = this.#key[this.#position++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** A real number in [0, 1) with 53 random bits (`random_sample`). */
  random(): number {
    return ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000;
  }

  /** An integer in [0, max], both included, by masked rejection (`random_interval`). `max` < 2³². */
  interval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    let value: number;
    do value = (this.uint32() & mask) >>> 0;
    while (value > max);
    return value;
  }

  /** Shuffles in place, as `RandomState.shuffle` does. */
  shuffle<T>(values: T[]): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.interval(i);
      const value = values[i] as T;
      values[i] = values[j] as T;
      values[j] = value;
    }
  }

  /** A permutation of 0…n-1. */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    this.shuffle(order);
    return order;
  }

  #twist(): void {
    const key = this.#key;
    for (let i = 0; i < N; i++) {
      const y = ((key[i] as number) & 0x80000000) | ((key[(i + 1) % N] as number) & 0x7fffffff);
      key[i] = (key[(i + M) % N] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

/** A seed for a run that was given none: drawn by the operating system, to be recorded. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}
