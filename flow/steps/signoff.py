"""Steps that end a run with its sign-off: each runs one check and keeps its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from librelane.config import Variable
from librelane.state import DesignFormat, State
from librelane.steps import DeferredStepError, Step, StepException

from flow import doctor
from flow.pdk.resolver import installed
from flow.signoff.verdict import NoVerdict, Verdict, read_verdicts, write_verdict

if TYPE_CHECKING:
    from flow.signoff.checks import Context

__all__ = ["SIGNOFF", "SignoffStep", "run_verdicts"]

IMAGES = Variable(
    "SIGNOFF_IMAGES",
    int,
    "Test images that the netlist classifies in the sign-off, at zero delay.",
    default=360,
)


class SignoffStep(Step):
    """One check of `flow.signoff.checks`; a fault fails the flow after all checks have run."""

    check: str
    inputs = [DesignFormat.NETLIST]
    outputs = []
    config_vars = [IMAGES]

    def run(self, state_in: State, **kwargs):
        from flow.chips import chip_file
        from flow.run import CHIP_FILE
        from flow.signoff.checks import CHECKS, Context
        from flow.signoff.chip_run import run_of_step
        from rtl.config import load_chip

        folder = Path(self.step_dir)
        run = run_of_step(folder, self.config.dumps(), state_in.dumps())
        try:
            own = folder.parent / CHIP_FILE
            chip = load_chip(own if own.is_file() else chip_file(self.config["DESIGN_NAME"]))
        except ValueError as error:
            raise StepException(f"{self.id}: {error}") from None
        earlier = run_verdicts(folder.parent)
        for verdict in earlier if self.check == "completeness" else ():
            write_verdict(verdict, folder)
        context = Context(run, chip, folder, self.config["SIGNOFF_IMAGES"])
        try:
            verdict = CHECKS[self.check](context)
        except NoVerdict as error:
            raise StepException(f"{self.id}: {error}") from None
        write_verdict(verdict, folder)
        verdicts = [verdict, *self._second_opinions(context)]
        if faults := [verdict.figure for verdict in verdicts if not verdict.passed]:
            raise DeferredStepError(f"{self.id}: {'; '.join(faults)}")
        return {}, {name: value for verdict in verdicts for name, value in verdict.metrics.items()}

    def _second_opinions(self, context: Context) -> list[Verdict]:
        """Those of the official PDK's tools, which in openlane mode have had steps of their own."""
        from flow.signoff.beside import second_opinions

        if doctor.mode()[0] == "openlane" or installed() is None:
            return []
        verdicts, not_run = second_opinions(self.check, context)
        for name, reason in not_run.items():
            self.warn(f"{name} not run: {reason}")
        return verdicts


def run_verdicts(folder: Path) -> list[Verdict]:
    """The verdicts that the steps of a run have left so far, the latest of each name."""
    steps = (path for path in folder.glob("*-*/") if path.name.split("-")[0].isdigit())
    ordered = sorted(steps, key=lambda path: int(path.name.split("-")[0]))
    found = {verdict.name: verdict for step in ordered for verdict in read_verdicts(step)}
    return list(found.values())


@Step.factory.register()
class SignoffDRC(SignoffStep):
    """Design rules of the layout."""

    id = "Spikeout.SignoffDRC"
    name = "Sign-off: design rules"
    check = "drc"
    inputs = [DesignFormat.GDS]


@Step.factory.register()
class SignoffLVS(SignoffStep):
    """The layout's connections are the powered netlist's."""

    id = "Spikeout.SignoffLVS"
    name = "Sign-off: layout against netlist"
    check = "lvs"
    inputs = [DesignFormat.GDS, DesignFormat.POWERED_NETLIST]


@Step.factory.register()
class SignoffTiming(SignoffStep):
    """Static timing of all corners: every kind of check, loads, unconstrained pins, bare nets."""

    id = "Spikeout.SignoffTiming"
    name = "Sign-off: timing"
    check = "timing"


@Step.factory.register()
class SignoffEquivalence(SignoffStep):
    """Formal proof that the netlist is the RTL, register by register."""

    id = "Spikeout.SignoffEquivalence"
    name = "Sign-off: equivalence"
    check = "equivalence"


@Step.factory.register()
class SignoffGates(SignoffStep):
    """All test images through the netlist at zero delay, against the golden model."""

    id = "Spikeout.SignoffGates"
    name = "Sign-off: gates"
    check = "gates"


@Step.factory.register()
class SignoffPowerUp(SignoffStep):
    """Inferences of the netlist from power-up X."""

    id = "Spikeout.SignoffPowerUp"
    name = "Sign-off: power-up"
    check = "power_up"


@Step.factory.register()
class SignoffDelaysSlow(SignoffStep):
    """An inference with the delays of the slow corner at the rated clock."""

    id = "Spikeout.SignoffDelaysSlow"
    name = "Sign-off: delays, slow"
    check = "sdf_ss"


@Step.factory.register()
class SignoffDelaysFast(SignoffStep):
    """An inference with the delays of the fast corner at the rated clock."""

    id = "Spikeout.SignoffDelaysFast"
    name = "Sign-off: delays, fast"
    check = "sdf_ff"


@Step.factory.register()
class SignoffPower(SignoffStep):
    """Power and energy of real inferences."""

    id = "Spikeout.SignoffPower"
    name = "Sign-off: power"
    check = "power"


@Step.factory.register()
class SignoffCompleteness(SignoffStep):
    """Every view, verdict and metric of a finished chip is there, and not zero."""

    id = "Spikeout.SignoffCompleteness"
    name = "Sign-off: completeness"
    check = "completeness"


SIGNOFF: tuple[type[Step], ...] = (
    SignoffDRC,
    SignoffLVS,
    SignoffTiming,
    SignoffEquivalence,
    SignoffGates,
    SignoffPowerUp,
    SignoffDelaysSlow,
    SignoffDelaysFast,
    SignoffPower,
    SignoffCompleteness,
)
"""The steps of a sign-off in order; the last one looks at what the others left."""
