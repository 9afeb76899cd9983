import type { ActivationParameters } from "./activation.ts";
import { type ExpandedConvOptions, type ExpandedDecoderOptions, ofLayer } from "./conv-options.ts";
import type { ConvStack } from "./conv-stack.ts";
import { type PoolingParameters, poolingOutSize, poolingWindow } from "./pooling.ts";
import { at, convOutSize, convTransposeOutSize } from "./shapes.ts";
import type { UnpoolingParameters } from "./unpooling.ts";

/** How poolings are undone: by the ways of `nn.Upsample`, or by transposed convolutions. */
export const UNPOOLING_MODES = ["nearest", "linear", "bilinear", "bicubic", "trilinear", "convtranspose"] as const;
export type UnpoolingMode = (typeof UNPOOLING_MODES)[number];

/** A built ConvEncoder. */
type Encoder = ConvStack & { readonly config: ExpandedConvOptions };

export interface MirrorOptions {
  readonly outChannels: number;
  readonly outputAct: ActivationParameters | null;
  readonly unpoolingMode: UnpoolingMode;
}

/**
 * Options of the ConvDecoder that mirrors an encoder: its layers in the other order, so that images of the size that the
 * encoder got come out.
 *
 * ClinicaDL looks for paddings as though the encoder's layers had none, and so misses the size in places. Where it does
 * not, its paddings are kept: weights trained there give the same images here.
 * @param encoder built with the size of its input.
 */
export function mirrored(encoder: Encoder, { outChannels, outputAct, unpoolingMode }: MirrorOptions) {
  const { channels, pooling, poolingIndices, act, norm, dropout, bias, adnOrdering } = encoder.config;
  const indices = pooling === null ? [] : [...poolingIndices].sort((a, b) => a - b);
  const theirs = undoLayers(encoder, indices, unpoolingMode, paddingsOfClinicaDL);
  const layers = givesBack(theirs, encoder) ? theirs : undoLayers(encoder, indices, unpoolingMode, exactPaddings);
  const convolutions = layers.filter((layer) => layer.type === "convolution");
  return {
    channels: channels.length === 0 ? [] : [...channels.slice(0, -1).reverse(), outChannels],
    kernelSize: convolutions.map((layer) => layer.kernelSize),
    stride: convolutions.map((layer) => layer.stride),
    padding: convolutions.map((layer) => layer.padding),
    outputPadding: convolutions.map((layer) => layer.outputPadding),
    dilation: convolutions.map((layer) => layer.dilation),
    unpooling: layers.flatMap((layer) => unpoolingOf(layer, unpoolingMode)),
    unpoolingIndices: indices.map((index) => channels.length - 2 - index).reverse(),
    act,
    outputAct,
    norm,
    dropout,
    bias,
    adnOrdering,
  } satisfies ExpandedDecoderOptions;
}

/** What slides over the image; one number per dimension. */
interface Window {
  readonly kernelSize: number[];
  readonly stride: number[];
  readonly padding: number[];
  readonly dilation: number[];
}
interface Transposed extends Window {
  readonly outputPadding: number[];
}
/** A layer of the decoder: what undoes a convolution, or a pooling in one of two ways. */
type LayerToMirror =
  | ({ readonly type: "convolution" } & Transposed)
  | ({ readonly type: "convtranspose" } & Transposed)
  | { readonly type: "upsample"; readonly size: readonly number[] };

function unpoolingOf(layer: LayerToMirror, mode: UnpoolingMode): UnpoolingParameters[] {
  const { type, ...options } = layer;
  switch (type) {
    case "convolution":
      return [];
    case "convtranspose":
      return [[type, options]];
    case "upsample":
      return [[type, { ...options, mode }]];
  }
}

/** The decoder's layers, in its order. */
function undoLayers(
  encoder: Encoder,
  indices: readonly number[],
  unpoolingMode: UnpoolingMode,
  choose: ChoosePaddings,
): LayerToMirror[] {
  const { channels, kernelSize, stride, padding, dilation, pooling } = encoder.config;
  const sizeBefore = (name: string) => encoder.sizesBefore.get(name) ?? [];
  const layers: LayerToMirror[] = [];
  const undoPoolingAfter = (index: number) => {
    const parameters = pooling?.[indices.indexOf(index)];
    if (parameters === undefined) return;
    const size = sizeBefore(index === -1 ? "init_pool" : `pool${index}`);
    if (unpoolingMode === "convtranspose")
      layers.unshift({ type: "convtranspose", ...undoPooling(parameters, size, choose) });
    else layers.unshift({ type: "upsample", size });
  };
  undoPoolingAfter(-1);
  channels.forEach((_, i) => {
    const window = {
      kernelSize: [...ofLayer(kernelSize, i)],
      stride: [...ofLayer(stride, i)],
      padding: [...ofLayer(padding, i)],
      dilation: [...ofLayer(dilation, i)],
    };
    const outSize: OutSize = (size, pad) => convOutSize(size, window.kernelSize, window.stride, pad, window.dilation);
    layers.unshift({ type: "convolution", ...undo(window, sizeBefore(`layer${i}`), outSize, choose) });
    undoPoolingAfter(i);
  });
  return layers;
}

/** Whether the layers run, and turn what the encoder gives into images of the size that it got. */
function givesBack(layers: readonly LayerToMirror[], encoder: Encoder): boolean {
  let size = encoder.finalSize ?? [];
  for (const layer of layers) {
    if (layer.type === "upsample") {
      size = layer.size;
      continue;
    }
    const { kernelSize, stride, padding, outputPadding, dilation } = layer;
    if (outputPadding.some((n, i) => n < 0 || n >= Math.max(at(stride, i), at(dilation, i)))) return false;
    size = convTransposeOutSize(size, kernelSize, stride, padding, outputPadding, dilation);
    if (size.some((length) => length <= 0)) return false;
  }
  return size.every((length, i) => length === encoder.inputSize?.[i]);
}

/** The transposed convolution that undoes a pooling of images of this size. */
function undoPooling(pooling: PoolingParameters, size: readonly number[], choose: ChoosePaddings): Transposed {
  const sliding = poolingWindow(pooling);
  const all = (value: number | readonly number[]) => size.map((_, i) => at(value, i));
  if (sliding === null) {
    const outSize = poolingOutSize(pooling, size);
    const stride = size.map((length, i) => Math.floor(length / at(outSize, i)));
    const kernelSize = size.map((length, i) => length - (at(outSize, i) - 1) * at(stride, i));
    return { kernelSize, stride, padding: all(0), outputPadding: all(0), dilation: all(1) };
  }
  const window = {
    kernelSize: all(sliding.kernelSize),
    stride: all(sliding.stride),
    padding: all(sliding.padding),
    dilation: all(sliding.dilation),
  };
  const [name, options] = pooling;
  return undo(window, size, (s, padding) => poolingOutSize([name, { ...options, padding }], s), choose);
}

/** The size that a layer gives with some padding. */
type OutSize = (size: readonly number[], padding: readonly number[]) => readonly number[];
/**
 * The padding and output padding of the transposed convolution that undoes a layer, along one dimension.
 * @param padding of the layer.
 * @param lack what a transposed convolution with this padding, and no output padding, lacks to give back the size.
 * @param lackUnpadded the same if the layer and the transposed convolution had no padding.
 */
type ChoosePaddings = (padding: number, lack: number, lackUnpadded: number) => readonly [number, number];

function undo(window: Window, size: readonly number[], outSize: OutSize, choose: ChoosePaddings): Transposed {
  const none = size.map(() => 0);
  const { kernelSize, stride, padding, dilation } = window;
  const lack = (pad: readonly number[]) => {
    const back = convTransposeOutSize(outSize(size, pad), kernelSize, stride, pad, none, dilation);
    return size.map((length, i) => length - at(back, i));
  };
  const lacks = lack(padding);
  const lacksUnpadded = lack(none);
  const chosen = padding.map((pad, i) => choose(pad, at(lacks, i), at(lacksUnpadded, i)));
  return { ...window, padding: chosen.map(([pad]) => pad), outputPadding: chosen.map(([, outputPad]) => outputPad) };
}

const exactPaddings: ChoosePaddings = (padding, lack) => {
  // with ceilMode, the last window of a pooling ends outside the image: each step of padding takes 2 elements away
  const more = lack < 0 ? Math.ceil(-lack / 2) : 0;
  return [padding + more, lack + 2 * more];
};

const paddingsOfClinicaDL: ChoosePaddings = (padding, _, lackUnpadded) => {
  if (lackUnpadded >= 0) return [padding, lackUnpadded];
  const more = padding + Math.max(Math.floor(-lackUnpadded / 2), 1);
  return [more, lackUnpadded + 2 * more];
};
