"""`spikeout import`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from golden import (
    WEIGHT_FORMATS,
    Encoding,
    Network,
    Potential,
    Readout,
    decide,
    encode,
    save_network,
    simulate,
)
from golden.digits import FULL_SCALE, digits
from golden.float_network import FloatLayer, float_simulate
from golden.images import load_images, load_labels
from golden.network import ENCODINGS, MAXIMUM_STEPS, READOUTS
from golden.nir_graph import read_graph
from golden.nir_import import SNNTORCH_DT_S, float_layers
from golden.quantise import BIASES, LayerReport, quantise

__all__ = ["import_network"]

FILE = click.Path(path_type=Path)
NOISE_SAMPLES = 64
NOISE_DENSITY = 0.2
CALIBRATION_SAMPLES = 500


@click.command("import", context_settings={"show_default": True})
@click.argument("source", type=FILE)
@click.argument("output", type=FILE)
@click.option(
    "--weights", type=click.Choice(sorted(WEIGHT_FORMATS)), default="int4", help="Format."
)
@click.option("--bits", type=int, default=10, help="Width of the potentials, 8..16.")
@click.option("--signed/--unsigned", default=True, help="Whether potentials go below 0.")
@click.option("--steps", type=click.IntRange(1, MAXIMUM_STEPS), default=16, help="Time steps.")
@click.option("--dt", type=float, default=SNNTORCH_DT_S, help="Seconds per step in the graph.")
@click.option(
    "--reset", type=click.Choice(["zero", "subtract"]), default="zero", help="After a spike."
)
@click.option(
    "--bias", type=click.Choice(BIASES), default="constant", help="Constant inputs, or leave out."
)
@click.option("--encoding", type=click.Choice(ENCODINGS), default="rate", help="Of images.")
@click.option("--full-scale", type=float, help="Image value for 1.  [default: 1; digits 16]")
@click.option("--readout", type=click.Choice(READOUTS), help="[default: count; membrane for LI]")
@click.option("--classes", type=int, help="[default: the neurons of the last layer]")
@click.option("--images", type=FILE, help="Calibrate on this .npy array [batch, ...].")
@click.option("--labels", type=FILE, help="Report the accuracy on --images with this .npy array.")
@click.option("--digits", "on_digits", is_flag=True, help="Calibrate and report on the digits.")
def import_network(source: Path, output: Path, **options: Any) -> None:
    """Quantise the float NIR graph SOURCE to the chip's integers and write it to OUTPUT.

    SOURCE is a chain of Linear, Affine, Flatten, LIF, CubaLIF (instantaneous), LI, IF and
    Threshold nodes. The report tells what each layer lost; without images it is measured on
    random spikes.
    """
    layers = float_layers(read_graph(source), options["dt"], options["reset"])
    kind = options["readout"] or ("membrane" if layers[-1].integrates_only else "count")
    readout = Readout(kind, options["classes"] or layers[-1].weights.shape[1])
    potential = Potential(options["bits"], options["signed"])
    sample = _sample(len(layers[0].weights), options)
    encoding = sample.encoding
    result = quantise(
        layers,
        sample.calibration,
        options["weights"],
        potential,
        options["bias"],
        output.stem,
        encoding,
        readout,
    )
    _print_layers(result.layers)
    _print_answers(layers, result.network, readout, sample)
    save_network(output, result.network)
    click.echo(f"wrote {output}: {result.network.weight_bits} weight bits")


@dataclass(frozen=True)
class _Sample:
    """Spikes [batch, steps, n_in] to calibrate and to report on; labels of the latter or None."""

    encoding: Encoding
    calibration: NDArray[np.bool_]
    report: NDArray[np.bool_]
    labels: NDArray[np.int64] | None
    what: str


def _sample(inputs: int, options: dict[str, Any]) -> _Sample:
    steps = options["steps"]
    if options["on_digits"]:
        if options["images"] or options["labels"]:
            raise click.UsageError("give either --digits or --images")
        data = digits()
        encoding = Encoding(options["encoding"], options["full_scale"] or FULL_SCALE)
        return _Sample(
            encoding,
            encode(encoding, data.train_images[:CALIBRATION_SAMPLES], steps),
            encode(encoding, data.test_images, steps),
            data.test_labels,
            "digits test images",
        )
    encoding = Encoding(options["encoding"], options["full_scale"] or 1.0)
    if options["images"] is None:
        if options["labels"] is not None:
            raise click.UsageError("--labels needs --images")
        shape = (NOISE_SAMPLES, steps, inputs)
        noise = np.random.default_rng(0).random(shape) < NOISE_DENSITY
        return _Sample(encoding, noise, noise, None, "random inputs")
    spikes = encode(encoding, load_images(options["images"]), steps)
    labels = None if options["labels"] is None else load_labels(options["labels"], len(spikes))
    return _Sample(encoding, spikes[:CALIBRATION_SAMPLES], spikes, labels, "images")


def _print_layers(layers: tuple[LayerReport, ...]) -> None:
    columns = ("weights off", "clipped", "decay off", "bias off", "bias inputs", "float spikes")
    click.echo(f"{'layer':16}" + "".join(f"{c:>13}" for c in (*columns, "spikes", "saturated")))
    for layer in layers:
        click.echo(
            f"{layer.name:16.16}{layer.weight_error:13.1%}{layer.clipped:13.1%}"
            f"{layer.decay_error:13.3f}{layer.bias_error:13.3f}{layer.bias_inputs:13d}"
            f"{layer.float_spikes:13.2f}{layer.spikes:13.2f}{layer.saturated:13.2%}"
        )
    click.echo("weights off: rms of the change; spikes: per neuron and inference")


def _print_answers(
    layers: list[FloatLayer], network: Network, readout: Readout, sample: _Sample
) -> None:
    before = decide(readout, float_simulate(layers, sample.report))
    constants = network.n_in - sample.report.shape[2]
    spikes = np.pad(sample.report, ((0, 0), (0, 0), (0, constants)), constant_values=True)
    after = decide(readout, simulate(network, spikes))
    same = (before == after).mean()
    click.echo(f"same answer on {same:.2%} of {len(before)} {sample.what}")
    if sample.labels is not None:
        was, now = ((answer == sample.labels).mean() for answer in (before, after))
        click.echo(f"accuracy float {was:.2%}, quantised {now:.2%}, change {now - was:+.2%}")
