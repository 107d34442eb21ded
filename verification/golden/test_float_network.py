import numpy as np

from golden.float_network import FloatLayer, float_simulate


def layer(**changes: object) -> FloatLayer:
    values: dict = {
        "name": "n",
        "weights": np.array([[0.6, -0.5]]),
        "bias": np.array([0.0, 0.1]),
        "decay": np.array([0.5, 1.0]),
        "reset": "zero",
    }
    return FloatLayer(**(values | changes))


def test_a_worked_example() -> None:
    trace = float_simulate([layer()], np.ones((1, 3, 1), dtype=bool))
    np.testing.assert_allclose(trace.potential[0][0, :, 0], [0.6, 0.9, 0.0])
    np.testing.assert_allclose(trace.potential[0][0, :, 1], [-0.4, -0.8, -1.2])
    assert trace.spikes[0][0, :, 0].tolist() == [False, False, True]


def test_reset_by_subtraction_keeps_the_rest() -> None:
    trace = float_simulate([layer(reset="subtract")], np.ones((1, 3, 1), dtype=bool))
    np.testing.assert_allclose(trace.potential[0][0, :, 0], [0.6, 0.9, 0.05])


def test_integrators_never_spike() -> None:
    trace = float_simulate(
        [layer(integrates_only=True, decay=np.ones(2))], np.ones((1, 3, 1), dtype=bool)
    )
    np.testing.assert_allclose(trace.potential[0][0, :, 0], [0.6, 1.2, 1.8])
    assert not trace.spikes[0].any()


def test_layers_are_chained_within_a_step() -> None:
    first = layer(weights=np.array([[2.0, 0.0]]), bias=np.zeros(2))
    second = layer(weights=np.array([[2.0], [0.0]]), bias=np.zeros(1), decay=np.ones(1))
    trace = float_simulate([first, second], np.array([[[True], [False]]]))
    assert trace.spikes[1][0, :, 0].tolist() == [True, False]
