import dataclasses

import numpy as np
import pytest

from golden.evaluation import evaluate
from verification.golden.test_inference import identity_network


def test_counts() -> None:
    """Neuron j of the identity network spikes as often as input j."""
    images = np.array([[16, 0, 0, 0], [0, 8, 0, 2], [0, 0, 4, 16]])
    result = evaluate(identity_network(), images, [0, 1, 2])
    assert result.decided.tolist() == [0, 1, 3]
    assert result.correct == 2
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.input_spikes == pytest.approx((8 + 4 + 1 + 2 + 8) / 3)
    assert result.layer_spikes == (pytest.approx(result.input_spikes),)
    assert result.synaptic_operations == pytest.approx(4 * result.input_spikes)
    assert result.saturated == 0


def test_bad_labels_and_networks() -> None:
    with pytest.raises(ValueError, match=r"labels must have shape \(1,\), not \(2,\)"):
        evaluate(identity_network(), [[1, 2, 3, 4]], [0, 1])
    with pytest.raises(ValueError, match="readout of network 'identity' must be set"):
        evaluate(dataclasses.replace(identity_network(), readout=None), [[1, 2, 3, 4]], [0])
