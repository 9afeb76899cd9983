import { nn, type Tensor } from "../../torch/index.ts";
import { child } from "./child.ts";
import { DeeplySupervised } from "./deep-supervision.ts";
import { checkDivisible } from "./halvings.ts";
import { conv } from "./layers.ts";
import { MedNeXtBlock, type MedNeXtLayers, MedNeXtOutBlock } from "./mednext.ts";

export interface MedNeXtShape extends MedNeXtLayers {
  readonly initFilters: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly encoderExpansionRatio: readonly number[];
  readonly decoderExpansionRatio: readonly number[];
  readonly bottleneckExpansionRatio: number;
  readonly deepSupervision: boolean;
  readonly blocksDown: readonly number[];
  readonly blocksBottleneck: number;
  readonly blocksUp: readonly number[];
}

interface Down {
  readonly stage: nn.Sequential;
  readonly halve: MedNeXtBlock;
}
interface Up {
  readonly double: MedNeXtBlock;
  readonly stage: nn.Sequential;
  /** For what comes from below; null: there is none. */
  head: MedNeXtOutBlock | null;
}

/** `stem`, `enc_stages`, `down_blocks`, `bottleneck`, `up_blocks`, `dec_stages`, `out_0`, `out_blocks`, named as in MONAI. */
export abstract class MedNeXtStack extends DeeplySupervised {
  readonly #stem: nn.Layer;
  readonly #down: readonly Down[];
  readonly #bottleneck: nn.Sequential;
  /** The smallest images first. */
  readonly #up: readonly Up[];
  readonly #out: MedNeXtOutBlock;

  constructor(shape: MedNeXtShape) {
    super();
    const { spatialDims: dims, initFilters, outChannels, blocksDown, blocksUp } = shape;
    const at = (depth: number) => initFilters * 2 ** depth;
    const blocks = (count: number, channels: number, expansion: number) => {
      const each = { channels, outChannels: channels, expansion };
      return new nn.Sequential(...Array.from({ length: count }, () => new MedNeXtBlock(shape, each, "same")));
    };
    this.#stem = child(this, "stem", new (conv(dims))(shape.inChannels, initFilters, 1));
    this.#down = blocksDown.map((count, i) => {
      const expansion = shape.encoderExpansionRatio[i] ?? 2;
      const stage = blocks(count, at(i), expansion);
      return { stage, halve: new MedNeXtBlock(shape, { channels: at(i), outChannels: at(i + 1), expansion }, "down") };
    });
    child(this, "enc_stages", new nn.ModuleList(this.#down.map(({ stage }) => stage)));
    child(this, "down_blocks", new nn.ModuleList(this.#down.map(({ halve }) => halve)));
    const deepest = blocksDown.length;
    const bottleneck = blocks(shape.blocksBottleneck, at(deepest), shape.bottleneckExpansionRatio);
    this.#bottleneck = child(this, "bottleneck", bottleneck);
    this.#up = blocksUp.map((count, i) => {
      const [channels, half] = [at(deepest - i), at(deepest - i - 1)];
      const expansion = shape.decoderExpansionRatio[i] ?? 2;
      const double = new MedNeXtBlock(shape, { channels, outChannels: half, expansion }, "up");
      return { double, stage: blocks(count, half, expansion), head: null };
    });
    child(this, "up_blocks", new nn.ModuleList(this.#up.map(({ double }) => double)));
    child(this, "dec_stages", new nn.ModuleList(this.#up.map(({ stage }) => stage)));
    this.#out = child(this, "out_0", new MedNeXtOutBlock(dims, initFilters, outChannels));
    if (!shape.deepSupervision) return;
    // the largest draws first, and the smallest comes first
    for (const [i, up] of [...this.#up.entries()].reverse()) {
      up.head = new MedNeXtOutBlock(dims, at(deepest - i), outChannels);
    }
    child(this, "out_blocks", new nn.ModuleList(this.#up.flatMap(({ head }) => head ?? [])));
  }

  protected override outputs(x: Tensor, all: boolean): Tensor[] {
    const size = x.shape.slice(2);
    const factors = size.map(() => 2 ** this.#down.length);
    checkDivisible(this.constructor.name, size, factors, "give fewer 'blocksDown' and 'blocksUp'");
    const outputs: Tensor[] = [];
    const skips: Tensor[] = [];
    let current = this.#stem.call(x);
    for (const { stage, halve } of this.#down) {
      using before = current;
      const here = stage.call(before);
      skips.push(here);
      current = halve.call(here);
    }
    {
      using before = current;
      current = this.#bottleneck.call(before);
    }
    for (const { double, stage, head } of this.#up) {
      using below = current;
      using skip = skips.pop();
      if (all && head !== null) outputs.unshift(head.call(below));
      using larger = double.call(below);
      using sum = skip === undefined ? larger.alias() : larger.add(skip);
      current = stage.call(sum);
    }
    using last = current;
    return [this.#out.call(last), ...outputs];
  }
}
