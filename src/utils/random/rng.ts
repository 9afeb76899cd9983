/**
 * A random stream keyed by integers, for augmentations: the stream of (seed, epoch, sample) is always the same,
 * whatever the order in which samples are drawn and however many workers draw them.
 *
 * Key mixing and generator: SplitMix64 (Steele, Lea & Flood 2014) seeds xoshiro128** (Blackman & Vigna 2018).
 *
 * @example
 * ```ts
 * const rng = new Rng(42, 3); // a seed, and the epoch, say
 * console.log(rng.integer(10) === new Rng(42, 3).integer(10)); // → true
 * ```
 */
export class Rng {
  readonly #s = new Uint32Array(4);
  #spare: number | null = null;

  /** @param keys any integers, e.g. `new Rng(seed, epoch, sampleIndex)`; each is used in full (up to 64 bits). */
  constructor(...keys: readonly (number | bigint)[]) {
    let h = 0x9e3779b97f4a7c15n;
    for (const key of keys) h = mix64(h ^ mix64(BigInt.asUintN(64, BigInt(key)) + 0x9e3779b97f4a7c15n));
    for (let i = 0; i < 4; i += 2) {
      h = BigInt.asUintN(64, h + 0x9e3779b97f4a7c15n);
      const z = mix64(h);
      this.#s[i] = Number(z & 0xffffffffn);
      this.#s[i + 1] = Number(z >> 32n);
    }
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1;
  }

  /** Where the stream stands: numbers from which `Rng.restore` goes on. */
  get state(): number[] {
    return this.#spare === null ? [...this.#s] : [...this.#s, this.#spare];
  }
  /** The stream that stood at `state`. */
  static restore(state: readonly number[]): Rng {
    const rng = new Rng();
    rng.#s.set(state.slice(0, 4));
    rng.#spare = state[4] ?? null;
    return rng;
  }

  /** An integer in [0, 2³²). */
  uint32(): number {
    const s = this.#s;
    const [a, b, c, d] = [s[0] ?? 0, s[1] ?? 0, s[2] ?? 0, s[3] ?? 0];
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const ac = c ^ a;
    const bd = (d ^ b) >>> 0;
    s[0] = a ^ bd;
    s[1] = b ^ ac;
    s[2] = ac ^ (b << 9);
    s[3] = rotl(bd, 11);
    return result;
  }

  /** A real number in [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const unit = ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000;
    return low + (high - low) * unit;
  }

  /** An integer in [0, n), without bias. */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1 || n > 2 ** 32)
      throw new RangeError(`Rng.integer(n): n got ${n}. Give 1 ≤ n ≤ 2³².`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return draw % n;
  }

  /** A normal deviate (polar method of Marsaglia). */
  normal(mean = 0, std = 1): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return mean + std * spare;
    }
    let u: number;
    let v: number;
    let r2: number;
    do {
      u = this.uniform(-1, 1);
      v = this.uniform(-1, 1);
      r2 = u * u + v * v;
    } while (r2 >= 1 || r2 === 0);
    const factor = Math.sqrt((-2 * Math.log(r2)) / r2);
    this.#spare = v * factor;
    return mean + std * u * factor;
  }

  /** A permutation of 0…n-1 (Fisher–Yates). */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const a = order[i] as number;
      order[i] = order[j] as number;
      order[j] = a;
    }
    return order;
  }

  /** A seed for another generator (a `torch.Generator` on the side), in [0, 2⁵³). */
  seed(): number {
    return (this.uint32() >>> 11) * 2 ** 32 + this.uint32();
  }
}

function rotl(x: number, k: number): number {
  return ((x << k) | (x >>> (32 - k))) >>> 0;
}

function mix64(value: bigint): bigint {
  let z = BigInt.asUintN(64, value);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
