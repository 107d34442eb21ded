"""Damaged, read-only and impossible caches: found by hash, made anew, or one line."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import re
import tarfile
from pathlib import Path

import pytest

from flow import shims
from flow.cli import run
from flow.pdk import build as pdk_build
from flow.pdk import resolver
from macros import views
from macros.sealed import SEAL, is_sound, keep, kept, seal
from macros.store import atomic_directory, cache_root
from verification.robustness.mounts import in_own_mounts
from verification.rtl import simulation

SPIKEOUT = "$PYTHON -c 'from flow.cli import main; main()'"
DAMAGE = {
    "a changed byte": lambda path: path.write_bytes(b"\0" + path.read_bytes()[1:]),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "removed": lambda path: path.unlink(),
}


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(params=DAMAGE)
def damage(request):
    """A function that damages a file."""
    return DAMAGE[request.param]


def test_a_damaged_file_is_missing(tmp_path, damage):
    path = tmp_path / "entry.json"
    assert kept(path) is None
    keep(path, '{"a": 1}')
    assert json.loads(kept(path)) == {"a": 1}
    damage(path)
    assert kept(path) is None
    keep(path, '{"a": 2}')
    assert json.loads(kept(path)) == {"a": 2}


def test_a_file_of_an_earlier_version_is_trusted(tmp_path):
    (tmp_path / "entry").write_bytes(b"old")
    assert kept(tmp_path / "entry") == b"old"


def test_a_damaged_folder_is_not_sound(tmp_path, damage):
    folder = tmp_path / "entry"
    assert not is_sound(folder)
    with atomic_directory(folder) as making:
        (making / "deep").mkdir()
        (making / "deep" / "file").write_text("content")
        (making / "other").write_text("more")
        seal(making)
    assert is_sound(folder)
    (folder / "new").write_text("what was added later does no harm")
    assert is_sound(folder)
    damage(folder / "deep" / "file")
    assert not is_sound(folder)


@pytest.mark.parametrize("content", ["", "[1]", "{", "null", "\0"])
def test_a_damaged_seal_is_not_sound(tmp_path, content):
    (tmp_path / "file").write_text("content")
    seal(tmp_path)
    (tmp_path / SEAL).write_text(content)
    assert not is_sound(tmp_path)


def test_a_damaged_pdk_is_made_anew(own_cache, monkeypatch, damage):
    """With a small tree in place of the real one; the full tier does it with that."""
    made = []

    def make(tree: Path) -> None:
        made.append(tree)
        with atomic_directory(tree.parent) as folder:
            (folder / tree.name).mkdir()
            (folder / tree.name / "cells.gds").write_text("layout")
            seal(folder)

    monkeypatch.setattr(pdk_build, "_build", make)
    tree = pdk_build.build()
    assert pdk_build.build() == tree
    assert len(made) == 1
    damage(tree / "cells.gds")
    assert pdk_build.build() == tree
    assert len(made) == 2
    assert (tree / "cells.gds").read_text() == "layout"


@pytest.mark.full
def test_the_real_pdk_is_made_anew(own_cache, monkeypatch):
    (own_cache / "downloads").mkdir(parents=True)
    monkeypatch.delenv("PDK_ROOT", raising=False)
    tree = resolver.resolve()
    layout = tree / "libs.ref/sky130_fd_sc_hd/gds/sky130_fd_sc_hd.gds"
    before = layout.read_bytes()
    layout.write_bytes(before[:-100])
    assert resolver.resolve() == tree
    assert layout.read_bytes() == before


def test_damaged_programs_are_made_anew(own_cache, damage):
    place = shims.folder()
    before = (place / "yosys").read_bytes()
    damage(place / "yosys")
    assert shims.folder() == place
    assert (place / "yosys").read_bytes() == before
    assert os.access(place / "yosys", os.X_OK)


def _archive(folder: Path, name: str) -> None:
    """A macro as it is shipped, each view with some text in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for end in (".gds", ".lef", ".spice", ".v", "__tt_025C_1v80.lib"):
            data = f"view {end}".encode()
            member = tarfile.TarInfo(name + end)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    packed = lzma.compress(buffer.getvalue())
    (folder / f"{name}.tar.xz").write_bytes(packed)
    (folder / f"{name}.tar.xz.sha256").write_text(hashlib.sha256(packed).hexdigest() + "\n")


def test_damaged_views_of_a_macro_are_unpacked_anew(own_cache, tmp_path, monkeypatch, damage):
    monkeypatch.setattr(views, "PREBUILT", tmp_path)
    _archive(tmp_path, "sram_16x2")
    found = views.find_views("sram_16x2")
    damage(found.gds)
    assert views.find_views("sram_16x2").gds.read_text() == "view .gds"


def test_a_forged_archive_is_refused(own_cache, tmp_path, monkeypatch):
    monkeypatch.setattr(views, "PREBUILT", tmp_path)
    _archive(tmp_path, "sram_16x2")
    (tmp_path / "sram_16x2.tar.xz").write_bytes(b"forged")
    with pytest.raises(RuntimeError, match=r"sram_16x2\.tar\.xz is damaged: its hash is not"):
        views.find_views("sram_16x2")


def test_a_damaged_simulator_is_compiled_anew(own_cache):
    host = Path(simulation.__file__).with_name("host.v").read_text()
    ports = ", ".join(
        f"{'input' if name.endswith('_i') else 'output'} [31:0] {name}"
        for name in re.findall(r"\.(wb\w+|irq_o)\(", host)
    )
    sources = {"top.v": f"module top({ports}); endmodule\n"}

    def folder() -> Path:
        return Path(simulation.build(sources, "top", "icarus").command[-1]).parent

    place = folder()
    (place / "host.vvp").write_bytes((place / "host.vvp").read_bytes()[:100])
    assert folder() == place
    assert (place / "host.vvp").stat().st_size > 100
    assert is_sound(place)


# --- caches that cannot be written ----------------------------------------------------------------


@pytest.mark.parametrize("command", [["pdk", "build"], ["run", "tiny", "--build", "{build}"]])
def test_a_cache_that_cannot_be_is_one_line(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    build_folder = tmp_path / "build"
    words = [word.replace("{build}", str(build_folder)) for word in command]
    assert run(words) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("spikeout: the PDK cannot be written to ")
    assert line.endswith("Not a directory")


@pytest.mark.full
def test_a_full_cache_may_be_read_only(tmp_path):
    """Everything that is in the cache already can be used from a medium without writing."""
    assert run(["run", "tiny", "--to", "lint", "--build", str(tmp_path / "first")]) == 0
    (tmp_path / "cache").mkdir()
    answer = in_own_mounts(
        "mount --bind $FULL $MINE && mount -o remount,ro,bind $MINE || exit 77;"
        "! touch $MINE/probe 2>/dev/null || exit 78;"
        f"{SPIKEOUT} run tiny --to lint --build $BUILD",
        FULL=str(cache_root()),
        MINE=str(tmp_path / "cache"),
        BUILD=str(tmp_path / "second"),
        SPIKEOUT_CACHE=str(tmp_path / "cache"),
    )
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "second/tiny/run/final/metrics.json").is_file()


@pytest.mark.parametrize("size", ["64k", "256k"])
def test_a_full_disk_is_one_line_and_leaves_nothing_half(size, tmp_path):
    """The Verilog of a chip, on a disk too small for it and on one just large enough."""
    (tmp_path / "disk").mkdir()
    answer = in_own_mounts(
        "mount -t tmpfs -o size=$SIZE none $DISK || exit 77;"
        f"{SPIKEOUT} rtl tiny -o $DISK/rtl; status=$?; ls -A $DISK/rtl; exit $status",
        DISK=str(tmp_path / "disk"),
        SIZE=size,
    )
    if size == "256k":
        assert (answer.returncode, answer.stderr) == (0, "")
        assert answer.stdout.splitlines()[-1] == "tiny.v"
    else:
        assert answer.returncode == 1
        [line] = answer.stderr.splitlines()
        assert line.startswith("spikeout: the disk is full")
        assert answer.stdout == ""
