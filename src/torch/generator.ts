import { type Handle, native } from "./native.ts";
import { Tensor } from "./tensor.ts";
import { checkDevice } from "./words.ts";

const forgotten = new FinalizationRegistry<number>((id) => native.dropGenerator(id));

/**
 * A random stream of its own, with PyTorch's numbers.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const [one, two] = [0, 0].map((seed) => torch.randperm(5, { generator: new torch.Generator().manualSeed(seed) }));
 * if (one !== undefined && two !== undefined) console.log(one.equal(two)); // → true
 * ```
 */
export class Generator {
  readonly id: number;
  readonly device: string;

  constructor(device = "cpu") {
    checkDevice("torch.Generator", "device", device);
    this.device = device;
    this.id = native.makeGenerator(device);
    forgotten.register(this, this.id);
  }
  manualSeed(seed: number | bigint): this {
    native.setSeed(this.id, seed);
    return this;
  }
  initialSeed(): bigint {
    return native.seedOf(this.id);
  }
  getState(): Tensor {
    return new Tensor(native.getRngState(this.id) as Handle);
  }
  setState(state: Tensor): this {
    native.setRngState(this.id, state.handleFor("setState"));
    return this;
  }
}
