// `npm run bench -- networks [FILTER]`: one training step and one inference of each network, here, in ClinicaDL (PyTorch 2.6 eager), and in PyTorch 2.15
// eager and compiled, in turn. Networks that ClinicaDL does not have, or has without what its name says, are MONAI's.
import { execFileSync } from "node:child_process";
import { run } from "./side.mjs";

const conv = { channels: [8, 16, 32], padding: 1, act: "relu", norm: "batch", pooling_indices: [0, 1, 2] };
const small = { spatial_dims: 3, in_channels: 1 };
const shallow = { ...small, num_outputs: 2, n_res_blocks: [1, 1, 1], n_features: [32, 64, 128] };
const image = [2, 1, 48, 64, 48];
const photo = [4, 3, 128, 128];
/** What each is made of, in ClinicaDL's words, and the shape of its input. `alone`: no peer has it. @type {Record<string, { config: Record<string, unknown>, input: number[], alone?: true }>} */
const NETWORKS = {
  MLP: { config: { num_inputs: 4096, num_outputs: 2, hidden_dims: [512, 128] }, input: [32, 4096] },
  ConvEncoder: { config: { ...small, ...conv }, input: image },
  ConvDecoder: {
    config: {
      ...small,
      in_channels: 32,
      channels: [16, 8, 1],
      padding: 1,
      act: "relu",
      norm: "batch",
      unpooling: ["upsample", { scale_factor: 2 }],
      unpooling_indices: [0, 1],
    },
    input: [2, 32, 12, 16, 12],
  },
  CNN: {
    config: {
      in_shape: [1, 96, 112, 96],
      num_outputs: 2,
      conv_args: { ...conv, channels: [8, 16, 32, 64], pooling_indices: [0, 1, 2, 3] },
    },
    input: [2, 1, 96, 112, 96],
  },
  Generator: {
    config: {
      latent_size: 32,
      start_shape: [32, 6, 8, 6],
      conv_args: {
        channels: [16, 8, 1],
        padding: 1,
        unpooling: ["upsample", { scale_factor: 2 }],
        unpooling_indices: [-1, 0, 1],
      },
    },
    input: [2, 32],
  },
  AutoEncoder: { config: { in_shape: image.slice(1), latent_size: 32, conv_args: conv }, input: image },
  VAE: { config: { in_shape: image.slice(1), latent_size: 32, conv_args: conv }, input: image },
  UNet: { config: { ...small, out_channels: 2, channels: [16, 32, 64, 128] }, input: image },
  AttentionUNet: { config: { ...small, out_channels: 2, channels: [8, 16, 32, 64] }, input: image },
  ResNet: { config: shallow, input: image },
  ResNet18: { config: { num_outputs: 2 }, input: photo },
  ResNet50: { config: { num_outputs: 2 }, input: photo },
  // ClinicaDL's has no squeeze-and-excitation, and MONAI's cannot be so shallow
  SEResNet: { config: shallow, input: image, alone: true },
  SEResNet50: { config: { num_outputs: 2 }, input: photo },
  DenseNet: {
    config: { ...small, num_outputs: 2, n_dense_layers: [3, 4, 3], init_features: 16, growth_rate: 8 },
    input: image,
  },
  DenseNet121: { config: { num_outputs: 2 }, input: photo },
  ViT: {
    config: {
      in_shape: [1, 64, 64, 64],
      patch_size: [16, 16, 16],
      num_outputs: 2,
      embedding_dim: 192,
      num_layers: 6,
      num_heads: 6,
      mlp_dim: 768,
    },
    input: [2, 1, 64, 64, 64],
  },
  ViTB16: { config: { num_outputs: 2 }, input: [2, 3, 224, 224] },
  SegResNet: { config: { ...small, out_channels: 2, init_filters: 8 }, input: image },
  SwinUNETR: { config: { ...small, out_channels: 2, feature_size: 12 }, input: [1, 1, 64, 64, 64] },
  MedNeXt: { config: { ...small, out_channels: 2, init_filters: 8 }, input: [1, 1, 48, 64, 48] },
  ResEncUNet: { config: { ...small, out_channels: 2, features_per_stage: [8, 16, 32, 64] }, input: image, alone: true },
  ConvNeXt: {
    config: { ...small, num_outputs: 2, n_blocks: [1, 1, 2, 1], n_features: [16, 32, 64, 128] },
    input: image,
    alone: true,
  },
};
/** What takes longer has no figure, in seconds: a compiled network takes minutes before its first step. */
const MOST = 600;
/** ViTB16 takes 224 pixels only; of the others, half the size each way shows whether they work. */
const shorter = (name, input) =>
  input.length === 5 && !("in_shape" in NETWORKS[name].config) ? [1, ...input.slice(1)] : input;

/** @param {string | undefined} filter the network of that name, or those whose name has it in it, whatever the case; none: all. */
export async function networks(filter, { python, peers, rounds, short, amp, say, out }) {
  const asked = (filter ?? "").toLowerCase();
  const all = Object.keys(NETWORKS);
  const exact = all.filter((name) => name.toLowerCase() === asked);
  const names = exact.length > 0 ? exact : all.filter((name) => name.toLowerCase().includes(asked));
  if (names.length === 0) throw new Error(`bench networks: no network is called like '${filter}': ${all.join(", ")}.`);
  const site = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
    encoding: "utf8",
  }).trim();
  const newest = peers();
  const script = "bench/networks.py";
  /** What each side runs, but for the settings. @type {Record<string, (settings: string) => [string, string[]]>} */
  const sides = {
    ours: (settings) => [process.execPath, ["bench/networks.ts", settings]],
    clinicadl: (settings) => [python, [script, "clinicadl", settings]],
    newest: (settings) => [newest, [script, "newest", settings, site]],
    compiled: (settings) => [newest, [script, "compiled", settings, site]],
  };
  const modes = amp ? ["float32", "amp"] : ["float32"];
  const figures = {};
  for (const name of names) {
    const { config, input, alone = false } = NETWORKS[name];
    const settings = JSON.stringify({
      config: { name_: name, ...config },
      input: short ? shorter(name, input) : input,
      times: short ? 1 : 4,
      seconds: short ? 0 : 0.5,
      amp,
    });
    /** @type {Record<string, any[]>} */
    const said = {};
    for (let round = 0; round < rounds; round++)
      for (const [side, command] of Object.entries(sides)) {
        // compiling takes minutes, which say nothing of whether it works here
        if ((alone && side !== "ours") || (short && side === "compiled")) continue;
        say(`${name}, round ${round + 1} of ${rounds}: ${side} …`);
        const [program, args] = command(settings);
        const figure = await run(program, args, { most: MOST });
        if (figure === null) say(`${name}: ${side} did not end in ${MOST} s, and has no figure`);
        else said[side] = [...(said[side] ?? []), figure];
      }
    for (const mode of modes) {
      const of = (pick) =>
        Object.fromEntries(
          Object.entries(said).map(([side, rows]) => [side, Math.min(...rows.map((r) => pick(r[mode])))]),
        );
      figures[mode === "amp" ? `${name}, amp` : name] = {
        step: of((r) => Math.min(...r.step)),
        inference: of((r) => Math.min(...r.inference)),
        peakMB: of((r) => r.peakMB),
      };
    }
  }
  /** @type {Record<string, [title: string, factor: number]>} */
  const rows = { step: ["step, ms", 1e3], inference: ["inference, ms", 1e3], peakMB: ["peak memory, MB", 1] };
  const geometricMeans = {};
  for (const [what, [title, factor]] of Object.entries(rows)) {
    const cells = (values) => values.map((value) => value.padStart(11)).join("");
    out(
      `\n${title.padEnd(22)}${cells(Object.keys(sides).flatMap((side) => (side === "ours" ? ["this"] : [side, "ratio"])))}`,
    );
    const ratios = {};
    for (const [name, figure] of Object.entries(figures)) {
      const { ours, ...others } = figure[what];
      const shown = Object.keys(sides).flatMap((side) => {
        if (side === "ours") return [(ours * factor).toFixed(1)];
        if (others[side] === undefined) return ["–", "–"];
        const ratio = others[side] / ours;
        ratios[side] = [...(ratios[side] ?? []), ratio];
        return [(others[side] * factor).toFixed(1), ratio.toFixed(2)];
      });
      out(`${name.padEnd(22)}${cells(shown)}`);
    }
    const means = Object.fromEntries(
      Object.entries(ratios).map(([side, all]) => [
        side,
        Math.exp(all.reduce((sum, r) => sum + Math.log(r), 0) / all.length),
      ]),
    );
    geometricMeans[what] = means;
    const shown = Object.keys(sides).flatMap((side) => (side === "ours" ? [""] : ["", means[side]?.toFixed(2) ?? "–"]));
    out(`${"geometric mean".padEnd(22)}${cells(shown)}`);
  }
  return { figures, geometricMeans };
}
