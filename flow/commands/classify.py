"""`spikeout classify`."""

from __future__ import annotations

from pathlib import Path

import click

from golden import Network, load_network
from golden import classify as classify_images
from golden.digits import digits
from golden.evaluation import evaluate
from golden.images import load_images

__all__ = ["classify"]


@click.command()
@click.argument("network", type=click.Path(path_type=Path))
@click.argument("images", type=click.Path(path_type=Path), required=False)
@click.option("--test", is_flag=True, help="Classify the digits test images; print the accuracy.")
def classify(network: Path, images: Path | None, test: bool) -> None:
    """Classify images with NETWORK (a .nir file) in the golden model.

    IMAGES is a .npy array of shape [batch, ...]: prints one class a line. With --test in its
    place: the 360 digits that no training saw.
    """
    if test == (images is not None):
        raise click.UsageError("give either IMAGES or --test")
    loaded = load_network(network)
    if images is None:
        _test(loaded)
    else:
        for label in classify_images(loaded, load_images(images)):
            click.echo(label)


def _test(network: Network) -> None:
    data = digits()
    result = evaluate(network, data.test_images, data.test_labels)
    sizes = " -> ".join(str(n) for n in (network.n_in, *(layer.n_out for layer in network.layers)))
    formats = ", ".join(dict.fromkeys(layer.weight_format for layer in network.layers))
    layers = " + ".join(f"{spikes:.1f}" for spikes in result.layer_spikes)
    click.echo(f"network    {network.name}: {sizes}, {formats}, {network.weight_bits} weight bits")
    click.echo(f"accuracy   {result.accuracy:.2%} ({result.correct} of {len(result.decided)})")
    click.echo(f"steps      {network.steps}")
    click.echo(f"spikes     {result.input_spikes:.1f} in, {layers} per inference")
    click.echo(f"operations {result.synaptic_operations:.0f} synaptic per inference")
