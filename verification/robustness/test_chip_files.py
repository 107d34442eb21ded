"""Chip files that mean harm, and chip files made at random: one line, and nothing happens."""

from __future__ import annotations

import copy
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.chip_config import librelane_config, macro_instances
from flow.chips import chip_file, chip_names
from flow.cli import run
from rtl.config import load_chip
from verification.robustness.conftest import FAST

PLAIN = "name: mine\nmemories:\n  shared: {words: 512, macro: sram_512x32}\n"


def doubled(levels: int) -> str:
    """Nine references a level, as in the "billion laughs": 9 ** levels values when unfolded."""
    lines = ["base_address: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"k{k}: &l{k} [{', '.join([f'*l{k - 1}'] * 9)}]" for k in range(1, levels)]
    return PLAIN + "\n".join(lines)


HOSTILE = {
    "a tag that calls": ("!!python/object/apply:os.system ['touch {mark}']", "is not YAML"),
    "a tag that makes": ("!!python/object/new:pathlib.Path ['{mark}']", "is not YAML"),
    "a tag of ours": (f"{PLAIN}lanes: !!python/name:os.remove", "is not YAML"),
    "a bomb of aliases": (doubled(9), "not use an alias"),
    "a loop": ("&a {name: *a, memories: *a}", "not use an alias"),
    "a deep list": ("[" * 60_000, "must nest at most 8 deep"),
    "a deep mapping": ("{a: " * 16_000, "must nest at most 8 deep"),
    "a deep block": ("\n".join(" " * k + "a:" for k in range(300)), "must nest at most 8 deep"),
    "a long file": (PLAIN + "#" * 100_000, "must be at most 65536 bytes long"),
    "a huge integer": (f"{PLAIN}lanes: {'9' * 5000}", "at most 100 characters, not 5000"),
    "a huge hexadecimal": (f"{PLAIN}lanes: 0x{'f' * 5000}", "at most 100 characters"),
    "a huge sexagesimal": (f"{PLAIN}lanes: {':'.join('1' * 3000)}", "at most 100 characters"),
    "a large integer": (f"{PLAIN}lanes: {10**90}", "lanes must be an integer in 32..1024"),
    "a large macro": (
        PLAIN.replace("512x", f"{2**200}x"),
        "words must be a multiple of 16069380442589902755",
    ),
    "infinity": (f"{PLAIN}lanes: .inf", "lanes must be an integer in 32..1024, not inf"),
    "no date": (f"{PLAIN}lanes: 2001-99-99", "is not YAML (month must be in 1..12)"),
    "no base 64": (f"{PLAIN}lanes: !!binary a", "is not YAML"),
    "a list for a key": (f"{PLAIN}? [a]\n: 1", "is not YAML"),
    "a key twice": (f"{PLAIN}lanes: 32\nlanes: 64", "'lanes' must stand only once"),
    "mappings for widths": (f"{PLAIN}weight_bits: [{{a: 1}}, 1]", "weight_bits must be a list"),
    "a terminal's codes": (f'{PLAIN}"\\e[2J\\nspikeout: all clean": 1', r"\x1b[2J spikeout: all"),
    "a null byte": (f"{PLAIN}lanes: \0", "is not YAML"),
    "half a character": (f"{PLAIN}lanes: \udcff", "is not YAML"),
    "a path for a name": (PLAIN.replace("mine", "../../mine"), "name must be 1..64 lower case"),
    "an absolute path": (PLAIN.replace("mine", "/etc/passwd"), "name must be 1..64 lower case"),
    "a shell's name": (PLAIN.replace("mine", "'a;touch {mark}'"), "name must be 1..64 lower case"),
    "a line break": (PLAIN.replace("mine", '"mine\\n"'), "name must be 1..64 lower case"),
    "a long name": (PLAIN.replace("mine", "a" * 65), "name must be 1..64 lower case"),
    "a keyword": (PLAIN.replace("mine", "module"), "name must not be a word of Verilog's own"),
    "its macro's name": (PLAIN.replace("mine", "sram_512x32"), "name must not begin as cells"),
    "a path for a macro": (PLAIN.replace("sram_", "../sram_"), "memories.shared.macro must be"),
    "a foreign digit": (PLAIN.replace("512x", "\u0665\u0661\u0662x"), "memories.shared.macro must"),
}
"""What is tried -> (the file, a part of the answer). `{mark}` is a file that must not appear."""


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_one_line(case: str, tmp_path, monkeypatch, capsys) -> None:
    content, answer = HOSTILE[case]
    monkeypatch.chdir(tmp_path)
    mark, chip = tmp_path / "mark", tmp_path / "chip.yaml"
    data = content.replace("{mark}", str(mark)).encode("utf-8", "surrogateescape")
    chip.write_bytes(data)
    began = time.process_time()
    with pytest.raises(ValueError, match=re.escape(f"{chip}: ")):
        load_chip(chip)
    assert time.process_time() - began < 1
    assert run(["run", str(chip), "--build", str(tmp_path / "build")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    assert line.startswith(f"spikeout: {chip}: ")
    assert answer in line
    assert len(line) < 1100
    assert line.isprintable()
    assert sorted(tmp_path.iterdir()) == [chip]


@pytest.mark.parametrize("name", ["../digits", "/dev/zero", "digits/../../x", "$(id)", "a;b", ""])
def test_a_hostile_name_is_one_line(name: str, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("run", "rtl", "regress", "signoff"):
        assert run([command, name]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "chip must be one of" in line
    assert not list(tmp_path.iterdir())


def test_a_file_without_end(tmp_path) -> None:
    endless = tmp_path / "chip.yaml"
    endless.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="must be at most 65536 bytes long"):
        load_chip(endless)


# --- files at random ------------------------------------------------------------------------------

SHIPPED = [yaml.safe_load(chip_file(name).read_text()) for name in chip_names()]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.sampled_from([0, 1, 2, 4, 8, 16, 32, 64, 100, 128, 512, 1024, 1 << 16]),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["flops", "sram_512x32", "sram_1x32", "sram_16x8", "N", "FS", "shared"]),
    st.binary(max_size=5),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), inner, max_size=4),
    ),
    max_leaves=8,
)
FIELDS = sorted({field for chip in SHIPPED for field in chip} | {"base_address", "floorplan"})


@st.composite
def chips(draw: st.DrawFn) -> Any:
    """A shipped chip with up to three of its fields replaced, removed or added, at any depth; half
    of the new values are those of the same field in a shipped chip."""
    chip = copy.deepcopy(draw(st.sampled_from(SHIPPED)))
    for _ in range(draw(st.integers(1, 3))):
        place, others = chip, SHIPPED
        while True:
            name = draw(st.sampled_from([*place, *(FIELDS if place is chip else ["x_nm"])]))
            shipped = [other[name] for other in others if name in other]
            if not isinstance(place.get(name), dict) or not place[name] or draw(st.booleans()):
                break
            place, others = place[name], [value for value in shipped if isinstance(value, dict)]
        if draw(st.integers(0, 4)) == 0:
            place.pop(name, None)
        elif shipped and draw(st.booleans()):
            place[name] = copy.deepcopy(draw(st.sampled_from(shipped)))  # no alias in the file
        else:
            place[name] = draw(VALUES)
    return chip


def judge(path: Path) -> bool:
    """Whether the file is a chip; it must be one that can be configured, or one line of reason."""
    try:
        chip = load_chip(path)
    except ValueError as error:
        reason = str(error)
    else:
        reason = ""
    if reason:
        assert reason.startswith(f"{path}: ")
        return False
    config = librelane_config(chip, path.parent)
    assert set(config.get("MACROS", {})) == set(chip.macro_counts)
    assert len(macro_instances(chip)) == sum(chip.macro_counts.values())
    return True


@FAST
@given(content=chips())
def test_changed_chips(content: Any, tmp_path, tally) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    tally[judge(path)] += 1


@settings(FAST, max_examples=80)
@given(data=st.data())
def test_changed_bytes(data: st.DataObject, tmp_path) -> None:
    """A shipped file with bytes overwritten, cut, doubled, or replaced by YAML's own signs."""
    text = bytearray(chip_file(data.draw(st.sampled_from(["digits", "tiny"]))).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 40)))
        signs = st.sampled_from(
            [b"&a ", b"*a", b"!!", b"{", b"[", b": ", b"\n- ", b"|", b"'", b"%"]
        )
        text[begin:end] = data.draw(st.one_of(signs, st.binary(max_size=4), st.just(text[end:])))
    path = tmp_path / "chip.yaml"
    path.write_bytes(bytes(text))
    judge(path)
