"""Runs that are killed, meet each other, or run out of disk; hostile names of files and nets."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flow.chip_config import SDC
from flow.cli import run
from flow.run import FlowFailed, Wishes, execute, run_folder
from flow.summary import step_seconds
from macros.store import Busy, lock
from verification.flow.conftest import embedded
from verification.robustness.mounts import in_own_mounts

ROOT = Path(__file__).parents[2]
KILLS = 20
VIEWS = (
    "def/{}.def",
    "gds/{}.gds",
    "lef/{}.lef",
    "nl/{}.nl.v",
    "pnl/{}.pnl.v",
    "spef/nom/{}.nom.spef",
    "sdf/nom_tt_025C_1v80/{0}__nom_tt_025C_1v80.sdf",
)
VIEWS += ("metrics.json",)
TOY = """\
module toy (input clk, input rst, input [3:0] a, output reg [5:0] sum);
  always @(posedge clk) sum <= rst ? 6'd0 : sum + {2'd0, a};
endmodule
"""
CHILD = """\
import json, sys
from pathlib import Path
from flow.run import Wishes, execute
if __name__ == "__main__":
    execute(json.loads(sys.argv[1]), Path(sys.argv[2]), Wishes(resume=True, to=sys.argv[3]))
"""
"""Guarded, because workers of a step start as copies of the main module."""
COMMAND = """\
import json, os, sys
from pathlib import Path
import flow.run
from flow.cli import main
def run_toy(chip, wishes, **others):
    folder = Path(os.environ["DISK"]) / "toy" / "run"
    return flow.run.execute(json.loads(os.environ["CONFIG"]), folder, wishes)
if __name__ == "__main__":
    flow.run.run_chip = run_toy
    main(["run", "tiny", "--to", "gds", *sys.argv[1:]])
"""
"""`spikeout run` on the small design in place of a chip."""


def toy(folder: Path, text: str = TOY) -> dict:
    """LibreLane configuration of a small design whose source stands in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "toy.v").write_text(text)
    return {
        "DESIGN_NAME": "toy",
        "VERILOG_FILES": [str(folder / "toy.v")],
        "CLOCK_PORT": "clk",
        "CLOCK_PERIOD": 20,
        "PNR_SDC_FILE": str(SDC),
        "SIGNOFF_SDC_FILE": str(SDC),
        "PDN_VPITCH": 30,
        "PDN_HPITCH": 30,
    }


# --- two runs -------------------------------------------------------------------------------------


def test_a_second_run_in_one_folder_is_refused(tmp_path, capsys):
    folder = run_folder("tiny", "run", tmp_path)
    with lock(folder.parent / ".run.lock"):
        assert run(["run", "tiny", "--build", str(tmp_path)]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"spikeout: another run is at work in {folder}: wait for it, or")
        with pytest.raises(Busy, match="another run is at work"):
            execute(toy(tmp_path), folder)
    assert not folder.exists()


def test_a_run_that_died_does_not_hold_its_folder(tmp_path):
    """The lock goes with the process, however it ends."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from macros.store import lock\n"
            "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)",
            str(tmp_path / ".run.lock"),
        ],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(Busy), lock(tmp_path / ".run.lock", wait=False):
        pass
    child.kill()
    child.wait()
    child.stdout.close()
    with lock(tmp_path / ".run.lock", wait=False):
        pass


# --- names ----------------------------------------------------------------------------------------

NAMES = ["plain", "a b", "semi;touch mark", "$(touch mark)", "`touch mark`", "it's", 'say "x"']


def attempt(config: dict, folder: Path, to: str) -> str:
    """The one line in which a run was refused; empty when it went through."""
    try:
        execute(config, folder, Wishes(to=to))
    except (FlowFailed, ValueError) as error:
        reason = str(error).strip()
    else:
        return ""
    assert "\n" not in reason
    return reason


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name(name, tmp_path, monkeypatch):
    """Either the run goes through, or it is refused in one line; no name is ever executed."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / name
    refused = attempt(toy(place), place / "toy" / "run", to="synthesis")
    assert not (refused and name == "plain"), refused
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    assert not list(tmp_path.rglob("mark"))


ESCAPED = """\
module toy (input clk, input rst, input [3:0] a, output reg [5:0] sum);
  wire \\$(touch${IFS}mark) ;
  reg [5:0] \\a;touch${IFS}mark , \\[exec\\${IFS}touch\\${IFS}mark] ;
  assign \\$(touch${IFS}mark) = a[0] ^ a[1];
  always @(posedge clk) begin
    \\a;touch${IFS}mark  <= rst ? 0 : sum + a + \\$(touch${IFS}mark) ;
    \\[exec\\${IFS}touch\\${IFS}mark] <= \\a;touch${IFS}mark ;
    sum <= \\[exec\\${IFS}touch\\${IFS}mark] ;
  end
endmodule
"""
"""Names that a shell or Tcl would execute."""


@pytest.mark.full
@embedded
def test_nets_of_any_name(tmp_path, monkeypatch):
    """Escaped identifiers go through synthesis, place and route and timing as names."""
    monkeypatch.chdir(tmp_path)
    refused = attempt(toy(tmp_path / "in", ESCAPED), tmp_path / "toy" / "run", to="timing")
    assert not refused
    assert not list(tmp_path.rglob("mark"))


# --- killed and repeated runs ---------------------------------------------------------------------


def final(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "final" / name.format("toy")).read_bytes() for name in VIEWS}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[dict, Path]:
    """The small design taken to its GDS without interruption."""
    base = tmp_path_factory.mktemp("whole")
    config = toy(base)
    execute(config, base / "toy" / "run", Wishes(to="gds"))
    return config, base / "toy" / "run"


@pytest.mark.full
@embedded
def test_two_runs_give_the_same_bytes(whole, tmp_path):
    config, first = whole
    execute(config, tmp_path / "elsewhere" / "toy" / "again", Wishes(to="gds"))
    assert final(tmp_path / "elsewhere" / "toy" / "again") == final(first)


@pytest.mark.full
@embedded
def test_killed_at_random_moments_and_resumed(whole, tmp_path):
    """SIGKILL to the run and its tools: some time after its start, within a step, or while the
    final views are written. It goes on each time, and ends with the bytes of a run left alone."""
    config, reference = whole
    folder = tmp_path / "toy" / "run"
    chance = random.Random(8)
    interrupted, killed = set(), 0
    while killed < KILLS:
        place, after_s = _moment(folder, reference, killed / KILLS, chance)
        child = _start(config, folder)
        _kill(child, folder / place if place else None, after_s)
        assert child.returncode in (-signal.SIGKILL, 0)
        killed += child.returncode != 0
        interrupted |= _unfinished(folder)
    child = _start(config, folder)
    assert child.wait() == 0
    assert final(folder) == final(reference)
    print(f"{killed} kills, interrupted: {', '.join(sorted(interrupted))}")
    assert len(interrupted) >= 4


def _moment(
    folder: Path, reference: Path, share: float, chance: random.Random
) -> tuple[str, float]:
    """The file whose writing begins the wait, none for the start of the run, and how long to wait
    in s: in the first step that takes time after this share of them, now and then anywhere."""
    if chance.random() < 0.2:
        return "", chance.uniform(0, 4)
    steps = [step for step in sorted(reference.glob("*-*/")) if step_seconds(step) > 0.1]
    for step in steps[int(share * (len(steps) + 1)) :]:
        if not (folder / step.name / "runtime.txt").is_file():
            return f"{step.name}/config.json", chance.uniform(0, min(step_seconds(step), 1.0))
    return "final", chance.uniform(0, 0.02)


def _kill(child: subprocess.Popen[bytes], begin: Path | None, after_s: float) -> None:
    """Kill the run and its tools so long after `begin` was written (after the start for None)."""
    began = time.time_ns()
    while begin is not None and child.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if begin.stat().st_mtime_ns > began:
                break
        time.sleep(0.001)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(after_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _unfinished(folder: Path) -> set[str]:
    """Steps that began and did not end."""
    return {step.name for step in folder.glob("*-*/") if not (step / "runtime.txt").is_file()}


def _start(config: dict, folder: Path) -> subprocess.Popen[bytes]:
    arguments = [json.dumps(config), str(folder), "gds"]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.full
@embedded
@pytest.mark.parametrize("size", ["60k", "2400k", "3m", "4m"])
def test_a_disk_that_fills_during_a_run(size, whole, tmp_path):
    """A small disk of its own for the run: one line and status 1, and the same bytes after
    `--resume` once there is room again."""
    config, reference = whole
    (tmp_path / "disk").mkdir()
    (tmp_path / "kept").mkdir()
    answer = in_own_mounts(
        "mount -t tmpfs -o size=$SIZE none $DISK || exit 77;"
        '$PYTHON -c "$COMMAND"; echo $?;'
        "mount -o remount,size=100m $DISK || exit 78;"
        '$PYTHON -c "$COMMAND" --resume >/dev/null && cp -r $DISK/toy/run/final $KEPT',
        DISK=str(tmp_path / "disk"),
        KEPT=str(tmp_path / "kept"),
        SIZE=size,
        COMMAND=COMMAND,
        CONFIG=json.dumps(config),
    )
    assert answer.returncode == 0, answer.stderr
    [line] = answer.stderr.strip().splitlines()
    assert line.startswith("spikeout: the disk is full")
    assert answer.stdout.splitlines()[-1] == "1"
    assert final(tmp_path / "kept") == final(reference)
