import { z } from "zod";
import * as torch from "../torch/index.ts";
import { nn, type Tensor } from "../torch/index.ts";
import { configClass } from "../utils/config.ts";
import { ConfigError, DataFrameError } from "../utils/exceptions.ts";
import type { Accepted } from "./accepted.ts";
import { reduction } from "./fields.ts";
import type { ComparesSamples, KnowsTargets, LossConfig, Reduction } from "./types.ts";

const schema = z.strictObject({
  /** How events at the same time are counted: "efron" (default), or "breslow", as if each came before the others. */
  ties: z.enum(["efron", "breslow"], "Expected 'efron' or 'breslow'").default("efron"),

  /** How the terms of events are made one: "mean" (default) or "sum". */
  reduction,
});

/**
 * The negative logarithm of Cox's partial likelihood, for the time until an event such as a conversion. The output (N, 1) is the logarithm of each
 * sample's hazard ratio. Each sample with an event is compared with those of its batch still at risk at that time: batches should be large, and
 * one without an event has loss 0. A `LossMetric` compares those of the whole data set, whatever the batches are. Cox, 1972; Efron, 1977; Breslow, 1974. Not in ClinicaDL 2.0.0, which cannot read it.
 *
 * The target is (N, 2): time, and 1 for an event or 0 where the sample was censored then. Or (N, 1), as a column of a table gives it: the time,
 * negative where the sample was censored, as in XGBoost. There, 0 could be either, and is refused.
 *
 * @throws ConfigError in use when output or target has another shape; DataFrameError for times that are no finite numbers, or 0 in one column, and
 * for events that are neither 0 nor 1.
 *
 * @example
 * ```ts
 * const columns = { survival: null }; // 18.5: converted at month 18.5; -24: seen until month 24, and did not convert
 * const model = new SupervisedModel({ network, loss: new CoxPHLossConfig(), optimizer, labelKey: "survival" });
 * ```
 */
export class CoxPHLossConfig extends configClass("CoxPHLoss", schema) implements LossConfig {
  getObject(): CoxPHLoss {
    return new CoxPHLoss(this);
  }
}

/**
 * What {@link CoxPHLossConfig} builds. With `reduction` "none", it gives one number: no sample has a loss without the others.
 *
 * @example
 * ```ts
 * const loss = new CoxPHLoss();
 * const risk = torch.tensor([[1], [0]]);
 * const survival = torch.tensor([[12], [-24]]); // an event at month 12; nothing until month 24
 * console.log(loss.call(risk, survival).item().toFixed(4)); // → 0.3133
 * ```
 */
export class CoxPHLoss
  extends nn.Module<[output: Tensor, target: Tensor], Tensor>
  implements KnowsTargets, ComparesSamples
{
  readonly comparesSamples = "all";
  reduction: Reduction;
  readonly config: CoxPHLossConfig;

  constructor(options: ConstructorParameters<typeof CoxPHLossConfig>[0] | CoxPHLossConfig = {}) {
    super();
    this.config = CoxPHLossConfig.of(options);
    this.reduction = this.config.reduction;
  }

  acceptedTargets(): Accepted {
    return {
      by: "CoxPHLoss",
      expected: "times, negative where the sample was censored, and not 0, which has no sign",
      remedy:
        "Leave out samples of which the time is not known, and those censored at time 0, which say nothing; give an event at time 0 a time below all others, such as 0.001.",
      except: 0,
      integer: false,
      min: -Number.MAX_VALUE,
      max: Number.MAX_VALUE,
      ignored: null,
      nan: false,
    };
  }

  override forward(output: Tensor, target: Tensor): Tensor {
    const [samples = 0] = output.shape;
    const columns = target.ndim === 1 ? 1 : target.shape[1];
    const fits = target.ndim <= 2 && target.shape[0] === samples && (columns === 1 || columns === 2);
    if (output.numel() !== samples || !fits) {
      throw new ConfigError(
        `CoxPHLoss: the output has the shape (${output.shape.join(", ")}) and the target (${target.shape.join(", ")}). It takes one number per sample, (N, 1), and a target (N, 1), the time, negative where censored, or (N, 2), time and event.`,
      );
    }
    const [times, events] = timesAndEvents(target.reshape([samples, columns ?? 1]));
    const exact = partialLikelihood(output.flatten(), times, events, this.config.ties).neg();
    const terms = exact.to({ dtype: output.dtype === "float64" ? "float64" : "float32" });
    const how = this.reduction === "none" ? this.config.reduction : this.reduction;
    return how === "sum" ? terms.sum() : terms.sum().div(events.sum().clampMin(1));
  }
}

/** (N, 1 or 2) as times (N,) and whether there was an event then (N,), bool. */
function timesAndEvents(target: Tensor): [times: Tensor, events: Tensor] {
  const first = target.select(1, 0);
  if (target.shape[1] === 1) return [first.abs(), first.ge(0)];
  const second = target.select(1, 1);
  const events = second.eq(1);
  // a GPU is not waited for
  if (target.device === "cpu" && Number(events.logicalOr(second.eq(0)).all().item()) === 0) {
    const found = second.toNumbers().find((value) => value !== 0 && value !== 1);
    throw new DataFrameError(
      `CoxPHLoss: the second column of the target, whether there was an event, has the value ${found}. It takes 1 for an event and 0 for none; time is the first column.`,
    );
  }
  return [first, events];
}

/** The logarithm of what each event contributes to the likelihood, (N,), 0 without one; from the last time to the first. In n log n steps. */
function partialLikelihood(risks: Tensor, times: Tensor, events: Tensor, ties: "efron" | "breslow"): Tensor {
  const order = times.argsort(0, true);
  const backwards = times.indexSelect(0, order).neg();
  // of each sample, the first and the last of those at its time
  const first = torch.searchsorted(backwards, backwards);
  const last = torch.searchsorted(backwards, backwards, { right: true }).sub(1);
  // the gradient of a running logarithm of sums loses digits where these are large
  const risk = risks.to({ dtype: "float64" }).indexSelect(0, order);
  const known = events.indexSelect(0, order).to({ dtype: risk.dtype });
  // of all that are still there at its time
  const sums = risk.logcumsumexp(0).indexSelect(0, last);
  const terms = risk.sub(sums);
  if (ties === "breslow") return terms.mul(known);

  // Efron's approximation: of d events at one time, the k-th, from 0, finds k / d of each of them gone
  const count = known.cumsum(0);
  const before = count.indexSelect(0, first).sub(known.indexSelect(0, first));
  const tied = count.indexSelect(0, last).sub(before).clampMin(1);
  const gone = count.sub(known).sub(before).div(tied).mul(known);
  // what part of the sum is that of the events at its time
  const share = torch.zerosLike(risk).indexAdd(0, last, terms.exp().mul(known)).indexSelect(0, last);
  return terms.sub(gone.mul(share).neg().log1p()).mul(known);
}
