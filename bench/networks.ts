/** The steps and inferences of `networks.py`, here. usage: networks.ts SETTINGS; prints JSON. */
import { networkRegistry } from "clinicadl/networks";
import * as torch from "clinicadl/torch";
import { amp, optim, type Tensor } from "clinicadl/torch";

/** A reviver of JSON: options in our words. */
function inCamelCase(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === "name_" ? key : camel(key), each]));
}

const settings = JSON.parse(process.argv[2] ?? "{}");
torch.manualSeed(0);
function build() {
  const network = networkRegistry
    .from("network", JSON.parse(JSON.stringify(settings.config), inCamelCase))
    ?.getObject();
  if (network !== undefined) return network;
  throw new Error(`bench networks: no network is made of ${JSON.stringify(settings.config)}`);
}
const network = build();
const x = torch.randn(settings.input);
// as the Trainer does
if (x.ndim === 4) network.to({ memoryFormat: "channels_last" });
if (x.ndim === 5) network.to({ memoryFormat: "channels_last_3d" });
const optimizer = new optim.Adam(network.parameters());

function lossOf(output: Tensor | readonly Tensor[]): Tensor {
  const outputs = output instanceof torch.Tensor ? [output] : output;
  return torch.stack(outputs.map((each) => each.to({ dtype: "float32" }).square().mean())).sum();
}

/** Seconds of each but the first, which warms up: `times` of them, and more of what is short, since code gets faster as it is repeated. */
function timed(times: number, body: () => void): number[] {
  const seconds: number[] = [];
  const start = performance.now();
  while (seconds.length <= times || performance.now() - start < settings.seconds * 1000) {
    const begin = performance.now();
    using _ = torch.scope();
    body();
    seconds.push((performance.now() - begin) / 1000);
  }
  return seconds.slice(1);
}

function measure(enabled: boolean) {
  network.train();
  const step = timed(settings.times, () => {
    const loss = amp.autocast("cpu", { enabled }, () => lossOf(network.call(x)));
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    loss.item();
  });
  const peakMB = process.resourceUsage().maxRSS / 1024;
  network.eval();
  const inference = timed(settings.times, () => {
    torch.noGrad(() => amp.autocast("cpu", { enabled }, () => network.call(x)));
  });
  return { step, peakMB, inference };
}

const figures = { float32: measure(false), ...(settings.amp ? { amp: measure(true) } : {}) };
process.stdout.write(`${JSON.stringify(figures)}\n`);
