"""A network of one's own, from snnTorch to a NIR file: ``python -m golden.training.example``.

Plain snnTorch, as a user would write it; nothing here knows of the chip. What comes next is in
docs/own-network.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nir
import numpy as np
import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn

from golden.digits import FULL_SCALE, digits

__all__ = ["Net", "main", "train"]

STEPS = 16
EPOCHS = 30
BETA = 0.875
TIME_STEP_S = 1e-4
"""What one step means in a NIR file that snnTorch writes."""


class Net(nn.Module):
    """64 pixels, 32 hidden and 10 output neurons."""

    def __init__(self) -> None:
        super().__init__()
        gradient = surrogate.fast_sigmoid(slope=5)
        self.hidden = nn.Linear(64, 32, bias=False)
        self.output = nn.Linear(32, 10, bias=False)
        self.lif_hidden = snntorch.Leaky(BETA, spike_grad=gradient, reset_mechanism="zero")
        self.lif_output = snntorch.Leaky(BETA, spike_grad=gradient, reset_mechanism="zero")

    def forward(self, spikes: Tensor) -> Tensor:
        """Output spikes counted, [batch, 10], of input spikes [steps, batch, 64]."""
        u_hidden, u_output = self.lif_hidden.init_leaky(), self.lif_output.init_leaky()
        count = torch.zeros(spikes.shape[1], 10)
        for step in spikes:
            fired, u_hidden = self.lif_hidden(self.hidden(step), u_hidden)
            fired, u_output = self.lif_output(self.output(fired), u_output)
            count = count + fired
        return count

    @torch.no_grad()
    def graph(self) -> nir.NIRGraph:
        """The network as NIR, node by node. `snntorch.export_nir.export_to_nir` does the same where
        the package nirtorch is installed."""
        nodes: list[nir.NIRNode] = []
        for synapses in (self.hidden, self.output):
            ones = np.ones(synapses.out_features)
            tau = ones * TIME_STEP_S / (1 - BETA)
            nodes.append(nir.Linear(synapses.weight.numpy()))
            nodes.append(nir.LIF(tau=tau, r=tau / TIME_STEP_S, v_leak=0 * ones, v_threshold=ones))
        return nir.NIRGraph.from_list(*nodes)


def _spikes(images: np.ndarray, generator: torch.Generator) -> Tensor:
    """Random trains [steps, batch, 64] whose rates are the pixels."""
    rates = torch.from_numpy(images.astype(np.float32) / FULL_SCALE)
    return (torch.rand((STEPS, *rates.shape), generator=generator) < rates).float()


def train(epochs: int = EPOCHS, seed: int = 0) -> tuple[Net, float]:
    """A trained network, and its accuracy on the test images."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    data, net = digits(), Net()
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    labels = torch.from_numpy(data.train_labels)
    for _ in range(epochs):
        for part in torch.randperm(len(labels), generator=generator).split(64):
            counts = net(_spikes(data.train_images[part.numpy()], generator))
            loss = nn.functional.cross_entropy(counts, labels[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        decided = net(_spikes(data.test_images, generator)).argmax(dim=1).numpy()
    return net, float((decided == data.test_labels).mean())


def main() -> None:
    """Train and write the float NIR graph."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path, nargs="?", default=Path("build/mine_float.nir"))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    net, accuracy = train(arguments.epochs)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    nir.write(arguments.output, net.graph())
    print(f"wrote {arguments.output}: {accuracy:.1%} of the test images in snnTorch")


if __name__ == "__main__":
    main()
