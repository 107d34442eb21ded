"""A chip's YAML file: what is accepted, and what each mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from flow.chips import chip_file, chip_names
from rtl.config import Floorplan, Memory, Place, load_chip

GOOD = {"name": "tiny", "memories": {"shared": {"words": 512, "macro": "sram_512x32"}}}
SPLIT = {"weights": {"words": 64}, "state": {"words": 64}, "spikes": {"words": 64}}


def load(tmp_path: Path, content: object) -> object:
    path = tmp_path / "chip.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return load_chip(path)


def test_shipped_chips() -> None:
    chips = {name: load_chip(chip_file(name)) for name in chip_names()}
    assert set(chips) == {"digits", "openspike256", "openspike1024", "tiny"}
    assert chips["digits"].macro_counts == {"sram_512x32": 1}
    assert chips["openspike1024"].macro_counts["sram_512x32"] == 64
    assert all(name == chip.name for name, chip in chips.items())


def test_defaults(tmp_path: Path) -> None:
    chip = load(tmp_path, GOOD)
    assert chip.lanes == 32
    assert chip.records_per_column == 2
    assert chip.floorplan == Floorplan()


def test_floorplan(tmp_path: Path) -> None:
    places = {"sram": {"x_nm": 1000, "y_nm": 2000, "orientation": "FN"}}
    chip = load(tmp_path, GOOD | {"floorplan": {"die_nm": [500_000, 600_000], "macros": places}})
    assert chip.floorplan.die_nm == (500_000, 600_000)
    assert chip.floorplan.macros["sram"] == Place(1000, 2000, "FN")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Tiny"}, "name must be 1..64 lower case"),
        ({"lanes": 48}, "lanes must be a power of two, not 48"),
        ({"lanes": "many"}, "lanes must be an integer in 32..1024, not 'many'"),
        ({"lanes": True}, "lanes must be an integer"),
        ({"lanes": 64}, "lanes must be 32 with a shared memory"),
        ({"weight_bits": [2]}, "weight_bits must be a list of 1 and any of 2, 4"),
        ({"potential_bits": 7}, "potential_bits must be an integer in 8..16, not 7"),
        ({"potential_bits": 12}, "update_lanes must be 1 with a shared memory"),
        ({"largest_layer": 100}, "largest_layer must be a multiple of 32, not 100"),
        ({"update_lanes": 16}, "update_lanes must be at most 8"),
        ({"double_buffer": 1}, "double_buffer must be true or false, not 1"),
        ({"base_address": 4096}, "base_address must be a multiple of 0x1000000"),
        ({"clock": 20}, "clock is not a field; the fields are"),
        ({"memories": {"weights": {"words": 64}}}, "memories must be"),
        ({"memories": {"shared": {"words": 500}}}, "memories.shared.words must be a power of two"),
        ({"memories": {"shared": {"words": 64, "macro": "ram"}}}, "memories.shared.macro must be"),
        (
            {"memories": {"shared": {"words": 256, "macro": "sram_512x32"}}},
            "memories.shared.words must be a multiple of 512",
        ),
        ({"memories": {"shared": 512}}, "memories.shared must be a mapping"),
        ({"floorplan": {"utilisation_percent": 99}}, "floorplan.utilisation_percent must be"),
        (
            {"floorplan": {"macros": {"a": {"x_nm": 0, "y_nm": 0, "orientation": "E"}}}},
            "floorplan.macros.a.orientation must be one of",
        ),
    ],
)
def test_mistakes(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=r"chip\.yaml: ") as error:
        load(tmp_path, GOOD | change)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_field(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="memories is missing"):
        load(tmp_path, {"name": "tiny"})


@pytest.mark.parametrize("content", ["- a\n- b\n", "", "name: [", "\tname: x"])
def test_not_a_mapping(tmp_path: Path, content: str) -> None:
    with pytest.raises(ValueError, match=r"chip\.yaml: "):
        load(tmp_path, content)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        load_chip(tmp_path / "none.yaml")


def test_unknown_chip() -> None:
    with pytest.raises(ValueError, match="chip must be one of"):
        chip_file("dogits")


def test_memory_shape() -> None:
    assert Memory(4096, "sram_512x32").macro_words == 512
    assert Memory(64).macro_words == 64
    assert Memory(64).address_bits == 6
