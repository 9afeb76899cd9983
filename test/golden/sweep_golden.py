"""Writes src/sweep/golden/{tpe,asha}.json: the estimators and log-ratios of Optuna's TPE sampler; what its successive halving stops."""

import json
import random
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_gamma, default_weights

target = Path(__file__).parents[2] / "src" / "sweep" / "golden" / "tpe.json"
RANGES = [
    ({"kind": "float", "low": 0.1, "high": 0.9, "log": False}, FloatDistribution(0.1, 0.9)),
    ({"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}, FloatDistribution(1e-5, 1e-1, log=True)),
    ({"kind": "int", "low": 2, "high": 200, "log": False}, IntDistribution(2, 200)),
    ({"kind": "int", "low": 1, "high": 512, "log": True}, IntDistribution(1, 512, log=True)),
    ({"kind": "choice", "choices": ["a", "b", "c"]}, CategoricalDistribution(["a", "b", "c"])),
]
# univariate TPE with its defaults: prior weight 1, magic clip, no endpoints
PARAMETERS = _ParzenEstimatorParameters(1.0, True, False, default_weights, False)


def estimator(values, distribution):
    made = _ParzenEstimator({"x": np.array(values, dtype=float)}, {"x": distribution}, PARAMETERS)
    mixture = made._mixture_distribution
    inner = mixture.distributions[0]
    found = {"weights": mixture.weights.tolist()}
    if not isinstance(distribution, CategoricalDistribution):
        found.update(mus=inner.mu.tolist(), sigmas=inner.sigma.tolist())
    return made, found


cases = []
random.seed(7)
for described, distribution in RANGES:
    for count in (0, 1, 2, 12, 26, 60):

        def draw():
            if described["kind"] == "choice":
                return random.randrange(3)
            low, high = described["low"], described["high"]
            x = low * (high / low) ** random.random() if described["log"] else random.uniform(low, high)
            return round(x) if described["kind"] == "int" else x

        # distinct where they are numbers: which of two equal ones NumPy's sort puts first depends on the processor
        values = []
        while len(values) < count:
            value = draw()
            if described["kind"] == "choice" or value not in values:
                values.append(value)
        scores, at = [random.random() for _ in range(count)], [draw() for _ in range(8)]
        best = set(sorted(range(count), key=lambda i: scores[i])[: default_gamma(count)])
        below, described_below = estimator([v for i, v in enumerate(values) if i in best], distribution)
        above, described_above = estimator([v for i, v in enumerate(values) if i not in best], distribution)
        points = {"x": np.array(at, dtype=float)}
        ratios = (below.log_pdf(points) - above.log_pdf(points)).tolist()
        cases.append(
            {"range": described, "values": values, "scores": scores, "below": described_below, "above": described_above, "at": at, "ratios": ratios}
        )
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n")


def successive_halving(direction, minimum, factor):
    """Trials that take turns, one epoch each: after which epoch each was stopped, null where it was not."""
    study = optuna.create_study(direction=direction, pruner=SuccessiveHalvingPruner(min_resource=minimum, reduction_factor=factor))
    trials, stopped = [study.ask() for _ in range(9)], [None] * 9
    curves = [[round(random.random() / (epoch + 1), 6) for epoch in range(12)] for _ in trials]
    curves[4][5] = float("nan")
    for epoch in range(1, 13):
        for i, trial in enumerate(trials):
            if stopped[i] is None:
                trial.report(curves[i][epoch - 1], epoch)
                if trial.should_prune():
                    stopped[i] = epoch
    shown = [[value if value == value else None for value in curve] for curve in curves]
    return {"direction": direction, "min_epochs": minimum, "reduction_factor": factor, "curves": shown, "stopped": stopped}


optuna.logging.set_verbosity(optuna.logging.WARNING)
histories = [successive_halving(*options) for options in (("minimize", 1, 2), ("minimize", 2, 3), ("maximize", 1, 3), ("maximize", 3, 2))]
(target.parent / "asha.json").write_text(json.dumps(histories, separators=(",", ":")) + "\n")
