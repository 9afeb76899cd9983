// `npm run bench -- residual`: a loop of one's own over a residual 3D network, in PyTorch and here, in turn; as it is
// written, and after the one call that makes the network compute channels-last.
import { heading, row, sideBySide } from "./side.mjs";

export async function residual(python, { short, rounds, say, out }) {
  const figures = {};
  for (const channelsLast of [false, true]) {
    const settings = {
      channels: [8, 16, 32, 64],
      batch: 2,
      shape: short ? [16, 24, 16] : [48, 56, 48],
      steps: short ? 3 : 12,
      channelsLast,
    };
    const name = channelsLast ? "channels last" : "as it is";
    figures[name] = await sideBySide(python, "residual", settings, { rounds, say, name });
  }
  out(heading("residual network", "PyTorch"));
  for (const group of Object.values(figures))
    for (const [name, figure] of Object.entries(group)) out(row(name, name.endsWith("MB") ? "MB" : "s", figure));
  return figures;
}
