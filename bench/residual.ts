/** The loop of `residual.py`, here, as a user writes it. usage: residual.ts SETTINGS; prints JSON. */
import * as torch from "clinicadl/torch";
import { nn, optim, type Tensor } from "clinicadl/torch";
import { measure } from "./loop.ts";

const s = JSON.parse(process.argv[2] ?? "{}");
torch.manualSeed(0);

class Block extends nn.Module {
  conv1: nn.Conv3d;
  norm1: nn.GroupNorm;
  conv2: nn.Conv3d;
  norm2: nn.GroupNorm;
  skip: nn.Conv3d;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new nn.Conv3d(inputs, outputs, 3, { stride, padding: 1 });
    this.norm1 = new nn.GroupNorm(4, outputs);
    this.conv2 = new nn.Conv3d(outputs, outputs, 3, { padding: 1 });
    this.norm2 = new nn.GroupNorm(4, outputs);
    this.skip = new nn.Conv3d(inputs, outputs, 1, { stride });
  }
  override forward(x: Tensor): Tensor {
    const y = this.norm2.call(this.conv2.call(this.norm1.call(this.conv1.call(x)).relu()));
    return y.add(this.skip.call(x)).relu();
  }
}

class Net extends nn.Module {
  blocks: nn.ModuleList<Block>;
  dropout = new nn.Dropout(0.2);
  score: nn.Conv3d;
  head: nn.Linear;

  constructor(channels: readonly number[], classes: number) {
    super();
    const last = channels.at(-1) ?? 1;
    this.blocks = new nn.ModuleList(channels.map((c, i) => new Block(channels[i - 1] ?? 1, c, i === 0 ? 1 : 2)));
    this.score = new nn.Conv3d(last, 1, 1);
    this.head = new nn.Linear(last, classes);
  }
  override forward(x: Tensor): Tensor {
    let y = x;
    for (const block of this.blocks) y = block.call(y);
    y = this.dropout.call(y);
    const weights = this.score.call(y).flatten(2).softmax(-1);
    return this.head.call(y.flatten(2).mul(weights).sum([-1]));
  }
}

const net = new Net(s.channels, 3);
if (s.channelsLast) net.to({ memoryFormat: "channels_last_3d" });
const x = torch.randn([s.batch, 1, ...s.shape]);
const y = torch.tensor(
  Array.from({ length: s.batch }, (_, i) => i % 3),
  { dtype: "int64" },
);
const optimizer = new optim.Adam(net.parameters());
measure(s.steps, optimizer, () => torch.crossEntropyLoss(net.call(x), y));
