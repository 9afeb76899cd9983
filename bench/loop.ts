/** The training loop that the programs of the bench measure, as a user writes it. */
import * as torch from "clinicadl/torch";

/** Makes so many steps with the loss that `forward` gives, and prints as JSON: seconds and loss of each, and the peak memory. */
export function measure(steps: number, optimizer: torch.optim.Optimizer, forward: () => torch.Tensor): void {
  const seconds: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const begin = performance.now();
    using _ = torch.scope();
    const loss = forward();
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    losses.push(loss.item());
    seconds.push((performance.now() - begin) / 1000);
  }
  process.stdout.write(
    `${JSON.stringify({ steps: seconds, losses, peakMB: process.resourceUsage().maxRSS / 1024 })}\n`,
  );
}
