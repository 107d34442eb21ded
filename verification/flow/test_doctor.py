"""The doctor on this machine, on a bare one, and on one with broken or foreign tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flow import doctor


def write_program(folder: Path, name: str, output: str, status: int = 0) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{output}'\nexit {status}\n")
    program.chmod(0o755)


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A PATH with nothing on it; returns the folder to put programs into."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    return tmp_path


def findings() -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine()}


def test_bare_machine_names_every_package(bare):
    missing = doctor.missing_debian()
    assert missing == [tool.package for tool in doctor.TOOLS if tool.package]
    text = doctor.render(doctor.examine())
    for package in missing:
        assert f"apt-get install {package}" in text


def test_no_python_package_is_needed_to_ask():
    """`-I -S` hides site-packages: as on a machine where nothing was installed."""
    script = Path(doctor.__file__)
    answer = subprocess.run(
        [sys.executable, "-I", "-S", script], capture_output=True, text=True, env={"PATH": ""}
    )
    assert answer.returncode == 1
    assert answer.stderr == ""
    assert "klayout" in answer.stdout
    assert "make setup" in answer.stdout


def test_versions_are_read_whatever_the_exit_status(bare):
    write_program(bare, "sta", "2.0.17", status=1)
    write_program(bare, "iverilog", "Icarus Verilog version 11.0 (stable)")
    found = findings()
    assert found["sta"].version == "2.0.17"
    assert found["iverilog"].version == "11.0"


def test_program_that_does_not_run_is_told_apart(bare):
    (bare / "ngspice").write_text("#!/no/such/interpreter\n")
    (bare / "ngspice").chmod(0o755)
    assert "does not run" in findings()["ngspice"].problem


def test_mode_needs_both_openroad_and_pdk(bare, monkeypatch):
    assert doctor.mode()[0] == "embedded"
    write_program(bare, "openroad", "v2")
    assert doctor.mode() == (
        "embedded",
        "openroad is on PATH but $PDK_ROOT/sky130A is not a PDK",
    )
    os.makedirs(bare / "sky130A" / "libs.ref" / "sky130_fd_sc_hd")
    monkeypatch.setenv("PDK_ROOT", str(bare))
    assert doctor.mode()[0] == "openlane"


def test_wrong_pdk_root_is_a_problem(bare, monkeypatch):
    monkeypatch.setenv("PDK_ROOT", str(bare / "nowhere"))
    assert "PDK_ROOT" in findings()["sky130A"].problem


def test_wrong_package_version_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "_requirements", lambda: ["numpy==1.0", "no-such-package>=2"])
    wrong, absent = doctor._packages()
    assert wrong.version is not None
    assert "wrong" in wrong.problem
    assert absent.version is None
    assert absent.problem == "make setup"


def test_unknown_argument_is_refused(capsys):
    assert doctor.main(["--frobnicate"]) == 2
    assert "--frobnicate" in capsys.readouterr().err
