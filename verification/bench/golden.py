"""Golden-model inferences per second, beside the same network in snnTorch, in one run on one core.

Both run the same shipped weights on the same 360 test images, already encoded, and produce every
output spike; the golden model records all states as well. Their runs alternate, so that a busy
machine slows both; CPU time is what counts, the median of the runs. The two must agree spike for
spike wherever the arithmetic is the same (no floored leak); how often they do is printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import golden
from golden import Network, encode, load_network, simulate
from golden.digits import digits

__all__ = ["main"]

NETWORKS = Path(golden.__file__).parent / "networks"
RUNS = 40
BAR_INFERENCES = 10_000
BAR_RATIO = 10


def main() -> None:
    """Print the table. RuntimeError if a bar is missed; snnTorch is left out where not installed."""
    images = digits().test_images
    missed = []
    print(f"{'network':16}{'model':12}{'CPU ms per 360':>16}{'inferences/s':>14}{'ratio':>8}")
    for name in ("digits", "digits_ternary"):
        network = load_network(NETWORKS / f"{name}.nir")
        assert network.encoding is not None
        spikes = encode(network.encoding, images, network.steps)
        models: dict[str, Callable[[], NDArray[np.bool_]]] = {
            "golden": lambda network=network, spikes=spikes: simulate(network, spikes).spikes[-1]
        }
        try:
            models["snnTorch"] = _snntorch_model(network, spikes)
        except ModuleNotFoundError as error:
            print(f"{name:16}snnTorch is left out: {error}; install the extra `train`")
        seconds = _alternate(models)
        slowest = max(seconds.values())
        for model, taken in seconds.items():
            rate = len(images) / taken
            print(
                f"{name:16}{model:12}{taken * 1e3:16.2f}{rate:14.0f}{slowest / taken:8.1f}",
                flush=True,
            )
        if len(images) / seconds["golden"] < BAR_INFERENCES:
            missed.append(f"{name}: fewer than {BAR_INFERENCES} inferences/s")
        if "snnTorch" in seconds:
            same = (models["golden"]() == models["snnTorch"]()).mean()
            print(f"{name:16}output spikes that agree: {same:.4%}")
            if seconds["snnTorch"] / seconds["golden"] < BAR_RATIO:
                missed.append(f"{name}: less than {BAR_RATIO} times snnTorch")
    if missed:
        raise RuntimeError(f"golden bench missed a bar: {'; '.join(missed)}")
    print(f"bars met: {BAR_INFERENCES} inferences/s, {BAR_RATIO} times snnTorch")


def _alternate(models: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each model, run in turns after one run to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in models}
    for run in range(RUNS + 1):
        for name, model in models.items():
            start = time.process_time()
            model()
            if run:
                taken[name].append(time.process_time() - start)
    return {name: float(np.median(values)) for name, values in taken.items()}


def _snntorch_model(network: Network, spikes: NDArray[np.bool_]) -> Callable[[], NDArray[np.bool_]]:
    """The network as nn.Linear and snntorch.Leaky on one thread, without gradients."""
    import snntorch
    import torch

    torch.set_num_threads(1)
    chain = []
    for layer in network.layers:
        assert layer.reset == "subtract"
        assert layer.hysteresis == "off"
        synapses = torch.nn.Linear(layer.n_in, layer.n_out, bias=False)
        synapses.weight.data = torch.from_numpy(layer.weights.T.astype(np.float32))
        neurons = snntorch.Leaky(
            beta=torch.from_numpy(layer.beta / np.float32(8)),
            threshold=float(layer.theta_high),
            reset_mechanism="subtract",
            reset_delay=False,
        )
        chain.append((synapses, neurons))
    steps_first = torch.from_numpy(np.ascontiguousarray(spikes.swapaxes(0, 1)).astype(np.float32))

    @torch.no_grad()
    def run() -> NDArray[np.bool_]:
        potentials = [neurons.reset_mem() for _, neurons in chain]
        outputs = []
        for signal in steps_first:
            for index, (synapses, neurons) in enumerate(chain):
                signal, potentials[index] = neurons(synapses(signal), potentials[index])
            outputs.append(signal)
        return torch.stack(outputs, dim=1).numpy() != 0

    return run
