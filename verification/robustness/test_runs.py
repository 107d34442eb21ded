"""Runs that are killed, meet each other, or run out of disk; hostile names of files and nets."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flow import doctor
from flow.chip_config import SDC
from flow.cli import run
from flow.run import FlowFailed, execute, run_folder
from macros.store import Busy, lock

ROOT = Path(__file__).parents[2]
KILLS = 20
VIEWS = ("def/{}.def", "gds/{}.gds", "lef/{}.lef", "nl/{}.nl.v", "pnl/{}.pnl.v", "metrics.json")
TOY = """\
module toy (input clk, input rst, input [3:0] a, output reg [5:0] sum);
  always @(posedge clk) sum <= rst ? 0 : sum + a;
endmodule
"""
CHILD = """\
import json, sys
from pathlib import Path
from flow.run import execute
if __name__ == "__main__":
    execute(json.loads(sys.argv[1]), Path(sys.argv[2]), resume=True, to=sys.argv[3])
"""
"""Guarded, because workers of a step start as copies of the main module."""

embedded = pytest.mark.skipif(
    doctor.mode()[0] == "openlane", reason="the machine has OpenROAD, whose steps run instead"
)


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
        execute(config, folder, to=to)
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
    execute(config, base / "toy" / "run", to="gds")
    return config, base / "toy" / "run"


@pytest.mark.full
@embedded
def test_two_runs_give_the_same_bytes(whole, tmp_path):
    config, first = whole
    execute(config, tmp_path / "elsewhere" / "toy" / "again", to="gds")
    assert final(tmp_path / "elsewhere" / "toy" / "again") == final(first)


@pytest.mark.full
@embedded
def test_killed_at_random_moments_and_resumed(whole, tmp_path):
    """SIGKILL to the run and its tools, anywhere from the first import to the last step."""
    config, reference = whole
    chance = random.Random(8)
    killed, finished, reached = 0, 0, set()
    folder = tmp_path / "0" / "toy" / "run"
    while killed < KILLS:
        child = _start(config, folder)
        if _kill_after(child, chance.uniform(2.0, 25.0)):
            killed += 1
            reached.add(len(list(folder.glob("*-*/state_out.json"))))
        else:
            assert child.returncode == 0
            assert final(folder) == final(reference)
            finished += 1
            folder = tmp_path / str(finished) / "toy" / "run"
    child = _start(config, folder)
    assert child.wait() == 0
    assert final(folder) == final(reference)
    assert len(reached) >= 5, "the moments must lie in different steps"


def _kill_after(child: subprocess.Popen[bytes], cpu_s: float) -> bool:
    """Kill the run and its tools when they have used so much CPU time, on however busy a machine;
    False when they ended before."""
    process = psutil.Process(child.pid)
    while child.poll() is None:
        try:
            tools = process.children(recursive=True)
            used = sum(sum(p.cpu_times()[:4]) for p in (process, *tools))
        except psutil.NoSuchProcess:
            continue
        if used > cpu_s:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return True
        time.sleep(0.02)
    return False


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
def test_a_disk_that_fills_during_a_run(whole, tmp_path):
    """Files that may not grow beyond 40 kB stand for the full disk: the run ends with one line and
    status 1, and goes on to the same bytes when there is room again."""
    config, reference = whole
    folder = tmp_path / "toy" / "run"
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000));"
    limited += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    limited += "import json, sys; from pathlib import Path; from flow.run import execute\n"
    limited += "execute(json.loads(sys.argv[1]), Path(sys.argv[2]), to='gds')"
    began = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-c", limited, json.dumps(config), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert answer.returncode != 0
    assert time.monotonic() - began < 600
    assert not (folder / "final" / "gds").exists()
    execute(config, folder, resume=True, to="gds")
    assert final(folder) == final(reference)
