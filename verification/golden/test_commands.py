"""`spikeout classify` and `spikeout import`, as a user calls them."""

from pathlib import Path

import nir
import numpy as np
import pytest

import golden
from flow.cli import run
from golden import load_network

DIGITS = str(Path(golden.__file__).parent / "networks" / "digits.nir")


@pytest.fixture
def float_graph(tmp_path: Path) -> Path:
    """64 inputs, 12 hidden neurons, 10 outputs, with biases."""
    generator = np.random.default_rng(0)
    tau = np.full(12, 1e-3)
    hidden = nir.LIF(tau=tau, r=10 + 0 * tau, v_leak=0 * tau, v_threshold=1 + 0 * tau)
    output = nir.IF(r=np.ones(10), v_threshold=np.ones(10))
    nir.write(
        tmp_path / "float.nir",
        nir.NIRGraph.from_list(
            nir.Affine(generator.normal(0, 0.2, (12, 64)), generator.normal(0, 0.1, 12)),
            hidden,
            nir.Linear(generator.normal(0.1, 0.4, (10, 12))),
            output,
        ),
    )
    return tmp_path / "float.nir"


def test_classify_test_prints_the_accuracy(capsys: pytest.CaptureFixture) -> None:
    assert run(["classify", DIGITS, "--test"]) == 0
    printed = capsys.readouterr().out
    assert "64 -> 128 -> 30, bipolar1" in printed
    line = next(line for line in printed.splitlines() if line.startswith("accuracy"))
    assert float(line.split()[1].rstrip("%")) >= 96
    assert line.endswith("of 360)")


def test_classify_images(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from golden.digits import digits

    data = digits()
    np.save(tmp_path / "x.npy", data.test_images[:20].reshape(20, 8, 8))
    assert run(["classify", DIGITS, str(tmp_path / "x.npy")]) == 0
    answers = [int(line) for line in capsys.readouterr().out.split()]
    assert len(answers) == 20
    assert (np.array(answers) == data.test_labels[:20]).sum() >= 18


def test_import_writes_a_network_and_a_report(
    float_graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "out.nir"
    arguments = ["--weights", "int4", "--digits", "--steps", "8", "--bits", "12"]
    assert run(["import", str(float_graph), str(output), *arguments]) == 0
    printed = capsys.readouterr().out
    for word in ("lif", "if", "clipped", "saturated", "accuracy float", "quantised", "change"):
        assert word in printed
    network = load_network(output)
    assert [layer.weight_format for layer in network.layers] == ["int4", "int4"]
    assert (network.steps, network.layers[0].potential.bits) == (8, 12)
    assert network.encoding is not None
    assert network.n_in == 64 + network.encoding.constant_inputs
    assert run(["classify", str(output), "--test"]) == 0


def test_import_calibrates_on_images_and_labels(
    float_graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((30, 64)))
    np.save(tmp_path / "y.npy", np.zeros(30, dtype=int))
    files = ["--images", str(tmp_path / "x.npy"), "--labels", str(tmp_path / "y.npy")]
    assert run(["import", str(float_graph), str(tmp_path / "o.nir"), *files]) == 0
    assert "same answer on" in (printed := capsys.readouterr().out)
    assert "accuracy float" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["classify", "missing.nir", "--test"], "missing.nir"),
        (["classify", DIGITS], "give either IMAGES or --test"),
        (["classify", DIGITS, "x.npy", "--test"], "give either IMAGES or --test"),
        (["classify", "{float}", "--test"], "it is a float NIR graph: convert it with `spikeout"),
        (["classify", "{cut}", "--test"], "file must be a whole HDF5 file, not cut.nir"),
        (["import", "{cut}", "{out}"], "file must be a whole HDF5 file, not cut.nir"),
        (["import", "{float}", "/nowhere/at/all/x.nir"], "no such folder"),
        (["import", "{float}", "{out}", "--bits", "20"], "potential.bits must be an integer in"),
        (["import", "{float}", "{out}", "--dt", "nan"], "dt must be a number"),
        (
            ["import", "{float}", "{out}", "--classes", "7"],
            "readout.classes must divide the 10",
        ),
        (["import", "{float}", "{out}", "--labels", "y.npy"], "--labels needs --images"),
        (["import", "{float}", "{out}", "--weights", "int5"], "'int5' is not one of"),
    ],
)
def test_mistakes_are_one_line_with_status_2(
    float_graph: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    message: str,
) -> None:
    output = tmp_path / "out.nir"
    cut = tmp_path / "cut.nir"
    cut.write_bytes(float_graph.read_bytes()[:5000])
    places = {"{float}": str(float_graph), "{out}": str(output), "{cut}": str(cut)}
    assert run([places.get(argument, argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert not output.exists()
