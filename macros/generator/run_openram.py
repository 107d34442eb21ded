"""Runs OpenRAM once: `python -m macros.generator.run_openram <job.json>`, in a process of its own.

The job names words, bits, words_per_row and the folder that receives `<macro>.gds` and
`<macro>.lvs.sp`. The folder `sky130` beside it is the technology (`OPENRAM_TECH`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(job_path: str) -> None:
    job = json.loads(Path(job_path).read_text())
    import openram

    work = Path(job["folder"])
    config = work / "config.py"
    settings = {
        "word_size": job["bits"],
        "num_words": job["words"],
        "words_per_row": job["words_per_row"],
        "tech_name": "sky130",
        "process_corners": ["TT"],
        "supply_voltages": [1.8],
        "temperatures": [25],
        "output_name": job["name"],
        "output_path": str(work / "out"),
        "use_conda": False,
        "check_lvsdrc": False,
        "analytical_delay": True,
        "route_supplies": False,
        "perimeter_pins": False,
        "delay_chain_stages": job["delay_chain_stages"],
        "delay_chain_fanout_per_stage": job["delay_chain_fanout"],
        "num_spare_rows": int(job["foundry"]),  # straps and ends of the foundry's array
        "num_spare_cols": int(job["foundry"]),  # alternate: they want odd numbers
        "openram_temp": str(work / "temp"),
        "print_banner": False,
    }
    config.write_text("".join(f"{key} = {value!r}\n" for key, value in settings.items()))
    sys.argv = ["openram", str(config)]
    openram.parse_args()
    openram.init_openram(config_file=str(config))
    openram.setup_bitcell()
    from openram import sram

    from macros.generator import patches

    patches.apply(own_cells=not job["foundry"])

    macro = sram()
    macro.gds_write(str(work / f"{job['name']}.gds"))
    macro.sp_write(str(work / f"{job['name']}.lvs.sp"), lvs=True)


if __name__ == "__main__":
    main(sys.argv[1])
