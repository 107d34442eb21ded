"""Train the shipped digits networks: ``python -m golden.training.digits``.

Each recipe trains twice with the same schedule: a float model in snnTorch, to know what the size is
good for, and the quantised model whose integers are written. Hyper-parameters were chosen on a
validation split of the training images (``--validate``); the test images are looked at once, at the
end, to be reported. Same seed, same machine: same file.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional

from golden import Encoding, Network, Potential, Readout, classify, encode, save_network
from golden.digits import CLASSES, FULL_SCALE, PIXELS, Split, digits
from golden.training.models import FloatModel, QuantisedModel, Shape

__all__ = ["RECIPES", "Recipe", "main", "train"]

Model = FloatModel | QuantisedModel

POPULATION = 3
VALIDATION_IMAGES = 288
SIDE = 8


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a network besides the seed.

    Parameters
    ----------
    shape: of the model
    steps: time steps of one inference
    epochs: passes over the training images
    batch: images per optimiser step
    rate: peak learning rate of Adam, falling to 0 by a cosine; of thresholds three times as much
    gain: of spike counts into the softmax of the loss
    smoothing: of the labels
    """

    shape: Shape
    steps: int
    epochs: int
    batch: int = 64
    rate: float = 0.03
    gain: float = 0.3
    smoothing: float = 0.05


def _shape(hidden: int, weight_format: str) -> Shape:
    return Shape(
        sizes=(PIXELS, hidden, CLASSES * POPULATION),
        weight_format=weight_format,
        beta=(7, 8),
        theta=(12.0, 12.0),
        potential=Potential(10, signed=True),
        slope=5.0,
    )


RECIPES = {
    "digits": Recipe(_shape(128, "bipolar1"), steps=8, epochs=150),
    "digits_ternary": Recipe(_shape(64, "ternary2"), steps=8, epochs=150),
}
ENCODING = Encoding("rate", FULL_SCALE)
READOUT = Readout("population", CLASSES)


def train(model: Model, recipe: Recipe, data: Split, seed: int) -> None:
    """Train ``model`` in place on the training images of ``data``, varied anew in each epoch."""
    generator = np.random.default_rng(seed)
    optimiser = torch.optim.Adam(_groups(model, recipe.rate))
    batches = -(-len(data.train_images) // recipe.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs * batches)
    for _ in range(recipe.epochs):
        for spikes, labels in _batches(data, recipe, generator):
            loss = functional.cross_entropy(
                recipe.gain * _counts(model(spikes)), labels, label_smoothing=recipe.smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            model.confine()


def _groups(model: Model, rate: float) -> list[dict]:
    thetas = [value for name, value in model.named_parameters() if name.startswith("thetas")]
    others = [value for name, value in model.named_parameters() if not name.startswith("thetas")]
    return [{"params": others, "lr": rate}, {"params": thetas, "lr": 3 * rate}]


def _batches(
    data: Split, recipe: Recipe, generator: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    order = generator.permutation(len(data.train_images))
    images = _vary(data.train_images[order], generator)
    labels = torch.from_numpy(data.train_labels[order])
    for start in range(0, len(order), recipe.batch):
        part = slice(start, start + recipe.batch)
        yield _spikes(images[part], recipe.steps), labels[part]


def _vary(images: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.float32]:
    """Images turned by about 7 degrees, scaled by about 7 %, shifted by about a quarter pixel."""
    count = len(images)
    angle = torch.from_numpy(generator.normal(0, 0.12, count))
    scale = torch.from_numpy(generator.normal(1, 0.07, (2, count)))
    shift = torch.from_numpy(generator.normal(0, 0.07, (2, count)))
    rows = (
        torch.stack([scale[0] * torch.cos(angle), -torch.sin(angle), shift[0]], dim=1),
        torch.stack([torch.sin(angle), scale[1] * torch.cos(angle), shift[1]], dim=1),
    )
    pixels = torch.from_numpy(images.reshape(count, 1, SIDE, SIDE).astype(np.float32))
    grid = functional.affine_grid(
        torch.stack(rows, dim=1).float(), list(pixels.shape), align_corners=False
    )
    varied = functional.grid_sample(pixels, grid, align_corners=False)
    return varied.reshape(count, PIXELS).round().clamp(0, FULL_SCALE).numpy()


def _spikes(images: NDArray, steps: int) -> Tensor:
    return torch.from_numpy(encode(ENCODING, images, steps).astype(np.float32))


def _counts(spikes: Tensor) -> Tensor:
    """[batch, classes]: spikes of each class's neurons."""
    return spikes.sum(dim=1).reshape(len(spikes), CLASSES, POPULATION).sum(dim=2)


@torch.no_grad()
def _accuracy(model: Model, recipe: Recipe, data: Split) -> float:
    decided = _counts(model(_spikes(data.test_images, recipe.steps))).argmax(dim=1).numpy()
    return float((decided == data.test_labels).mean())


def _validation(data: Split, seed: int) -> Split:
    """The training images alone, some of them held out in place of the test images."""
    train_images, held_images, train_labels, held_labels = train_test_split(
        data.train_images,
        data.train_labels,
        test_size=VALIDATION_IMAGES,
        random_state=seed,
        stratify=data.train_labels,
    )
    return Split(train_images, train_labels, held_images, held_labels)


def _float(name: str, data: Split, seed: int, output: Path | None) -> str:
    """Train the float model of recipe ``name``, return its accuracy in words, write its graph."""
    recipe = RECIPES[name]
    torch.manual_seed(seed)
    model = FloatModel(recipe.shape)
    train(model, recipe, data, seed)
    if output is not None:
        nir.write(output / f"{name}_float.nir", model.graph())
    return f"float {_accuracy(model, recipe, data):.2%}"


def _quantised(name: str, data: Split, seed: int, accuracies: list[str]) -> Network:
    """Train recipe ``name``, print its accuracies on the held-out images, return the network."""
    recipe = RECIPES[name]
    torch.manual_seed(seed)
    model = QuantisedModel(recipe.shape)
    train(model, recipe, data, seed)
    network = model.network(recipe.steps, name, ENCODING, READOUT)
    integer = (classify(network, data.test_images) == data.test_labels).mean()
    accuracies = [*accuracies, f"quantised {_accuracy(model, recipe, data):.2%}"]
    accuracies.append(f"integer {integer:.2%}")
    print(f"{name}: {network.weight_bits} weight bits, {', '.join(accuracies)}", flush=True)
    return network


def main() -> None:
    """Train and write the networks, or with ``--validate`` train on a part and write nothing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--network", choices=sorted(RECIPES), action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="hold out training images instead")
    parser.add_argument("--no-float", action="store_true", help="skip the float model")
    parser.add_argument("--output", type=Path, default=Path("golden/networks"))
    parser.add_argument("--float-output", type=Path, help="also write the float models' NIR here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    data = _validation(digits(), arguments.seed) if arguments.validate else digits()
    for name in arguments.network or sorted(RECIPES):
        accuracies = []
        if not arguments.no_float:
            accuracies = [_float(name, data, arguments.seed, arguments.float_output)]
        network = _quantised(name, data, arguments.seed, accuracies)
        if not arguments.validate:
            save_network(arguments.output / f"{name}.nir", network)


if __name__ == "__main__":
    main()
