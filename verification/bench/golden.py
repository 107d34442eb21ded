"""Golden-model inferences per second, beside the same network in snnTorch, in one run on one core.

Both run the same shipped weights on the same 360 test images, already encoded, and produce every
output spike; the golden model also runs with every state recorded ("all states"). They take turns,
so that a busy machine slows both; CPU time is what counts, the median of the runs.

How many output spikes agree is printed. Not all can: snnTorch leaks in floats where the chip floors
shifts, and holds a spike back when a potential is above its threshold even after a subtraction.
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
BLOCKS = 10
RUNS = 5
BAR_INFERENCES = 10_000
BAR_RATIO = 10


def main() -> None:
    """Print the table; RuntimeError if ``digits`` misses a bar. Without snnTorch its lines lack."""
    print(f"{'network':16}{'model':20}{'CPU ms per 360':>16}{'inferences/s':>14}{'ratio':>8}")
    missed = [bar for name in ("digits_ternary", "digits") for bar in _bench(name)]
    if missed:
        raise RuntimeError(f"golden bench of digits missed: {', '.join(missed)}")
    print(f"bars met: digits {BAR_INFERENCES} inferences/s, {BAR_RATIO} times snnTorch")


def _bench(name: str) -> list[str]:
    """Print one network's lines; return the bars it missed."""
    network = load_network(NETWORKS / f"{name}.nir")
    images = digits().test_images
    assert network.encoding is not None
    spikes = encode(network.encoding, images, network.steps)
    models: dict[str, Callable[[], NDArray[np.bool_]]] = {
        "golden": lambda: simulate(network, spikes, "output").spikes[-1],
        "golden, all states": lambda: simulate(network, spikes).spikes[-1],
    }
    try:
        models["snnTorch"] = _snntorch_model(network, spikes)
    except ModuleNotFoundError as error:
        print(f"{name:16}snnTorch: {error}; `pip install -e .[train]` brings it")
    seconds = _alternate(models)
    for model, taken in seconds.items():
        rate = len(images) / taken
        ratio = f"{seconds['snnTorch'] / taken:8.1f}" if "snnTorch" in seconds else ""
        print(f"{name:16}{model:20}{taken * 1e3:16.2f}{rate:14.0f}{ratio}", flush=True)
    missed = []
    if len(images) / seconds["golden"] < BAR_INFERENCES:
        missed.append(f"{BAR_INFERENCES} inferences/s")
    if "snnTorch" in seconds:
        same = (models["golden"]() == models["snnTorch"]()).mean()
        print(f"{name:16}output spikes that agree: {same:.2%}")
        if seconds["snnTorch"] / seconds["golden"] < BAR_RATIO:
            missed.append(f"{BAR_RATIO} times snnTorch")
    return missed if name == "digits" else []


def _alternate(models: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each model, run by turns in blocks whose first run warms the caches."""
    taken: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(BLOCKS):
        for name, model in models.items():
            for run in range(RUNS + 1):
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
