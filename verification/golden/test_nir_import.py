import nir
import numpy as np
import pytest

from golden.nir_import import SUPPORTED, float_layers

DT = 1e-4


def lif(n: int = 2, **changes: object) -> nir.LIF:
    """As snnTorch exports Leaky(beta=0.9, threshold=2)."""
    values: dict = {
        "tau": np.full(n, DT / 0.1),
        "r": np.full(n, 10.0),
        "v_leak": np.zeros(n),
        "v_threshold": np.full(n, 2.0),
    }
    return nir.LIF(**(values | changes))


def linear(seed: int = 0, shape: tuple[int, int] = (2, 3)) -> nir.Linear:
    return nir.Linear(np.random.default_rng(seed).normal(size=shape))


def graph(*nodes: nir.NIRNode) -> nir.NIRGraph:
    return nir.NIRGraph.from_list(*nodes, type_check=False)


def test_lif_in_units_of_its_threshold() -> None:
    synapses = linear()
    (layer,) = float_layers(graph(synapses, lif()))
    np.testing.assert_allclose(layer.weights, synapses.weight.T / 2)
    np.testing.assert_allclose(layer.decay, 0.9)
    np.testing.assert_allclose(layer.bias, 0)
    assert (layer.name, layer.reset, layer.integrates_only) == ("lif", "zero", False)


def test_lif_follows_its_differential_equation() -> None:
    """Euler's rule by hand, with a leak, a reset and a threshold of its own for every neuron."""
    generator = np.random.default_rng(1)
    synapses = nir.Affine(generator.normal(size=(4, 3)), generator.normal(size=4))
    neurons = nir.LIF(
        tau=generator.uniform(2 * DT, 9 * DT, 4),
        r=generator.uniform(1, 5, 4),
        v_leak=generator.normal(size=4) * 0.2,
        v_reset=np.array([0.0, -0.3, 0.2, 0.1]),
        v_threshold=np.array([1.0, 0.5, 2.0, 0.7]),
    )
    (layer,) = float_layers(graph(synapses, neurons))
    v = neurons.v_reset.copy()
    u = np.zeros(4)
    fired = 0
    for _ in range(200):
        spikes = generator.random(3) < 0.5
        current = synapses.weight @ spikes + synapses.bias
        v = v + DT / neurons.tau * (neurons.v_leak - v + neurons.r * current)
        u = layer.decay * u + spikes @ layer.weights + layer.bias
        height = neurons.v_threshold - neurons.v_reset
        np.testing.assert_allclose(u * height + neurons.v_reset, v, atol=1e-9)
        assert np.array_equal(u > 1, v > neurons.v_threshold)
        fired += int((u > 1).sum())
        v = np.where(v > neurons.v_threshold, neurons.v_reset, v)
        u = np.where(u > 1, 0, u)
    assert fired > 20


def test_scalar_parameters_stand_for_all() -> None:
    """snnTorch writes one tau for the whole layer."""
    scalars = lif(1)
    (layer,) = float_layers(graph(linear(), scalars))
    assert layer.decay.shape == (2,)


def test_the_other_neurons() -> None:
    cuba = nir.CubaLIF(
        tau_mem=np.full(2, 2 * DT),
        tau_syn=np.full(2, DT),
        r=np.full(2, 2.0),
        v_leak=np.zeros(2),
        v_threshold=np.ones(2),
        w_in=3.0,
    )
    integrate = nir.IF(r=np.full(2, 0.5), v_threshold=np.ones(2))
    threshold = nir.Threshold(np.full(2, 0.25))
    reader = nir.LI(tau=np.full(2, 4 * DT), r=np.full(2, 4.0), v_leak=np.zeros(2))
    identity = nir.Linear(np.eye(2))
    layers = float_layers(
        graph(identity, cuba, identity, integrate, identity, threshold, identity, reader)
    )
    expected = {"decay": [0.5, 1, 0, 0.75], "weights": [3, 0.5, 4, 1]}
    assert [layer.decay[0] for layer in layers] == pytest.approx(expected["decay"])
    assert [layer.weights[0, 0] for layer in layers] == pytest.approx(expected["weights"])
    assert [layer.integrates_only for layer in layers] == [False, False, False, True]


def test_synapses_in_a_row_are_multiplied_and_neurons_without_get_an_identity() -> None:
    first, second = linear(1, (5, 3)), nir.Affine(np.ones((2, 5)), np.array([1.0, 2.0]))
    (layer,) = float_layers(graph(first, second, lif()))
    np.testing.assert_allclose(layer.weights, (second.weight @ first.weight).T / 2)
    np.testing.assert_allclose(layer.bias, [0.5, 1.0])
    (layer,) = float_layers(graph(lif()))
    np.testing.assert_allclose(layer.weights, np.eye(2) / 2)


def test_flatten_and_reset_by_subtraction() -> None:
    flatten = nir.Flatten({"input": np.array([3, 1])}, start_dim=0, end_dim=-1)
    nodes = {
        "input": nir.Input(np.array([3, 1])),
        "flat": flatten,
        "w": linear(),
        "n": lif(),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "flat"), ("flat", "w"), ("w", "n"), ("n", "output")]
    (layer,) = float_layers(nir.NIRGraph(nodes, edges), reset="subtract")
    assert layer.weights.shape == (3, 2)
    assert layer.reset == "subtract"


def test_a_graph_within_the_graph_is_unfolded() -> None:
    inside = graph(linear(), lif())
    nodes = {
        "input": nir.Input(np.array([3])),
        "block": inside,
        "last": lif(),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "block"), ("block", "last"), ("last", "output")]
    layers = float_layers(nir.NIRGraph(nodes, edges, type_check=False))
    assert [layer.name for layer in layers] == ["block/lif", "last"]


def test_recurrence_within_the_graph_is_refused() -> None:
    inside = graph(linear(shape=(2, 2)), lif())
    inside.edges.append(("lif", "linear"))
    with pytest.raises(ValueError, match=r"must have one .*, not 2"):
        float_layers(graph(linear(), inside))


def test_an_unsupported_node_is_named_with_the_supported() -> None:
    scale = nir.Scale(np.ones(3))
    with pytest.raises(ValueError, match=r"'scale': type must be one of .*, not Scale") as info:
        float_layers(graph(scale, linear(), lif()))
    assert all(name in str(info.value) for name in SUPPORTED)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([linear(shape=(2, 3)), lif(tau=np.full(2, DT / 2))], "'lif': tau must be at least dt"),
        ([linear(), lif(tau=np.array([np.nan, 1]))], "tau must be finite, not nan"),
        ([linear(), lif(v_threshold=np.zeros(2))], "v_threshold must be above v_reset, not 0"),
        ([linear(), lif(3)], "tau must have 1 or 2 values, not 3"),
        ([nir.Linear(np.full((2, 3), np.nan)), lif()], "'linear': weight must be finite, not nan"),
        ([nir.Linear(np.full((2, 3), 1j)), lif()], "weight must hold real numbers, not complex"),
        ([linear(), linear(shape=(2, 3)), lif()], r"'linear_1': weight must have shape \[n, 2\]"),
        ([nir.Affine(np.ones((2, 3)), np.ones(5)), lif()], "bias must have 1 or 2 values, not 5"),
        ([linear(), lif(), linear(shape=(2, 2))], "graph must end in neurons"),
        ([nir.Flatten({"input": np.array([3])}, 0)], "at least one layer of neurons, not none"),
        (
            [linear(), nir.LI(tau=np.ones(2), r=np.ones(2), v_leak=np.zeros(2)), lif()],
            "'lif': node must not follow an LI",
        ),
        (
            [
                linear(),
                nir.CubaLIF(
                    tau_mem=np.ones(2),
                    tau_syn=np.full(2, 5e-3),
                    r=np.ones(2),
                    v_leak=np.zeros(2),
                    v_threshold=np.ones(2),
                ),
            ],
            "tau_syn must be at most dt = 0.0001 s",
        ),
    ],
)
def test_bad_graphs(nodes: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        float_layers(graph(*nodes))


@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan")])
def test_bad_time_step(dt: float) -> None:
    with pytest.raises(ValueError, match="dt must be a number"):
        float_layers(graph(linear(), lif()), dt)
