/** PyTorch's numbers on a CPU, computed on the device: gradients, layers, losses, optimizers; and networks, compared to this machine's CPU. */
import { readFileSync } from "node:fs";
import { callLoss, lossRegistry, prepareTarget } from "../../../src/losses/index.ts";
import { networkRegistry } from "../../../src/networks/index.ts";
import { expectClose } from "../../../src/torch/fixtures/close.ts";
import * as torch from "../../../src/torch/index.ts";
import { checkLayer, checkLoss, draws, golden as nn } from "../../../src/torch/nn/fixtures/golden-cases.ts";
import { checkTrajectory, golden as optim } from "../../../src/torch/optim/fixtures/trajectories.ts";
import type { JsonObject } from "../../../src/utils/config.ts";
import { snakeToCamel } from "../../../src/utils/names.ts";
import { assertNear, type Check } from "../check.ts";

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../../src/${path}`, import.meta.url), "utf8"));

const gradients: Check = {
  name: "gradients of linear, gelu and softmax",
  run({ device }) {
    using _scope = torch.scope();
    const wanted: Record<"x" | "w" | "y", number[][]> = read("torch/golden/torch.json").gradients;
    const x = torch.linspace(-2, 2, 12, { device }).reshape([3, 4]).requiresGrad_();
    const w = torch.linspace(-1, 1, 8, { device }).reshape([2, 4]).requiresGrad_();
    const y = torch.gelu(torch.linear(x, w)).softmax(1);
    y.mul(torch.arange(6, { dtype: "float32", device }).reshape([3, 2]))
      .sum()
      .backward();
    for (const [name, value] of [
      ["y", y],
      ["x", x.grad],
      ["w", w.grad],
    ] as const) {
      if (value === null) throw new Error(`${name} has no gradient`);
      expectClose(value, wanted[name].flat(), { terms: 12, scale: 5, what: name });
    }
  },
};

const layers = nn.layers.map(
  (c, i): Check => ({
    name: `layer ${i}: ${c.repr.split("\n")[0]}`,
    run({ device }) {
      if (device === "cuda" && draws(c)) return { leftOut: "its numbers are drawn, on a GPU other ones" };
      checkLayer(c, device);
      return;
    },
  }),
);

const losses = nn.losses.map(
  (c, i): Check => ({
    name: `loss ${i}: ${c.class} ${JSON.stringify(c.options)}`,
    run({ device }) {
      checkLoss(c, device);
    },
  }),
);

const optimizers = optim.optimizers.map(
  (t): Check => ({
    name: `optimizer ${t.name} ${JSON.stringify(t.options)}`,
    run({ device }) {
      checkTrajectory(t, {}, device);
    },
  }),
);

interface LossCase {
  readonly name: string;
  readonly data: string;
  readonly options: JsonObject;
  readonly value: number;
  readonly grad: readonly number[];
}
const ownLosses = (read("losses/golden/losses.json").cases as readonly LossCase[]).map(
  (c, i): Check => ({
    name: `loss ${c.name} ${i}: ${c.data} ${JSON.stringify(c.options)}`,
    run({ device }) {
      using _scope = torch.scope();
      const { output, target } = read("losses/golden/losses.json").data[c.data];
      const options = Object.fromEntries(Object.entries(c.options).map(([key, value]) => [snakeToCamel(key), value]));
      using loss = lossRegistry.from("test:gpu", { name_: c.name, ...options })?.getObject() ?? refuse(c.name);
      loss.to({ dtype: "float64", device });
      const x = torch.tensor(output, { dtype: "float64", device }).requiresGrad_();
      const value = callLoss(loss, x, prepareTarget(loss, x, torch.tensor(target, { device })));
      value.backward();
      assertNear(value, torch.tensor(c.value, { dtype: "float64" }), 1e-11, "value");
      if (x.grad === null) throw new Error("there is no gradient");
      assertNear(x.grad.flatten(), torch.tensor([...c.grad], { dtype: "float64" }), 1e-11, "gradient");
    },
  }),
);

interface NetworkCase {
  readonly config: JsonObject;
  readonly seed: number;
  readonly input: readonly number[];
}
const cases: Record<string, NetworkCase> = {
  ...read("networks/golden/networks.json"),
  ...read("networks/golden/beyond.json"),
};
const networks = Object.entries(cases).map(
  ([name, { config, seed, input }]): Check => ({
    name: `network ${name}`,
    run({ device }) {
      using _scope = torch.scope();
      torch.manualSeed(seed);
      using network = networkRegistry.read("test:gpu", "network", config).getObject();
      network.to({ dtype: "float64" }).eval();
      const x = torch.randn([...input], { dtype: "float64" });
      const here = results(network, x);
      network.to({ device }).zeroGrad();
      const there = results(network, x.to({ device }));
      for (const [key, wanted] of here) assertNear(there.get(key) ?? refuse(key), wanted, 1e-9, key);
    },
  }),
);

type Network = torch.nn.Module<[torch.Tensor], torch.Tensor | readonly torch.Tensor[]>;

/** What a network makes of an image, and the gradients of the sum of its squares. */
function results(network: Network, x: torch.Tensor): Map<string, torch.Tensor> {
  const made = network.call(x);
  const outputs = made instanceof torch.Tensor ? [made] : made;
  outputs
    .map((each) => each.square().mean())
    .reduce((a, b) => a.add(b))
    .backward();
  const gradients = [...network.namedParameters()].flatMap(([name, { grad }]): [string, torch.Tensor][] =>
    grad === null ? [] : [[`gradient of ${name}`, grad.clone()]],
  );
  return new Map([...outputs.map((each, i): [string, torch.Tensor] => [`output ${i}`, each]), ...gradients]);
}

function refuse(what: string): never {
  throw new Error(`there is no '${what}'`);
}

export const goldens: readonly Check[] = [gradients, ...layers, ...losses, ...optimizers];
export const models: readonly Check[] = [...ownLosses, ...networks];
