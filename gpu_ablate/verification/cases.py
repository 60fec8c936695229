"""The cases by name, and how one is computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gpu_ablate.errors import RunError
from gpu_ablate.verification import doses, energy, fields, freezing, skin, slot, sources, waves
from gpu_ablate.verification.check import Check
from gpu_ablate.verification.comparison import Comparison
from gpu_ablate.verification.laboratory import LABORATORY
from gpu_ablate.verification.runner import Runner


@dataclass(frozen=True)
class ClosedForm:
    """A problem with a known answer, B1 by a finer solution of its own; `compute` runs it and compares.

    source : where the formula, or the solution, comes from
    """

    title: str
    source: str
    compute: Callable[[Runner], Iterable[Check]]


CASES: dict[str, ClosedForm] = {
    "A1": ClosedForm("two-phase Neumann slab", "Carslaw & Jaeger 1959, 11.2", freezing.neumann),
    "A2": ClosedForm("Paterson's line sink", "Paterson 1952; Carslaw & Jaeger 1959, 11.6", freezing.paterson),
    "A3": ClosedForm("steady ice in perfused tissue", "Carslaw & Jaeger 1959, 7.2 and 9.2", freezing.steady_ice),
    "A4": ClosedForm("point source", "Carslaw & Jaeger 1959, 10.4", sources.point),
    "A5": ClosedForm("line source", "Carslaw & Jaeger 1959, 10.4", sources.line),
    "A6": ClosedForm("stepped pull-back", "superposition of A4", sources.pull_back),
    "A7": ClosedForm("continuous pull-back", "Rosenthal 1946", sources.moving),
    "A8": ClosedForm("Gaussian that spreads", "Carslaw & Jaeger 1959, 10.3", fields.gaussian),
    "A9": ClosedForm("heated ball", "Carslaw & Jaeger 1959, 9.8, with a linear sink", sources.ball),
    "A10": ClosedForm("perfused slab with skin", "Pennes 1948", skin.slab),
    "A11": ClosedForm("pulsed Gaussian beam", "Vyas & Rustgi 1992", fields.beam),
    "A12": ClosedForm("plane wave in tissue", "Balanis 1989, 4.3", waves.plane_wave),
    "A13": ClosedForm("heat damage", "Sapareto & Dewey 1984; Henriques 1947", doses.doses),
    "A14": ClosedForm("energy of an insulated box", "conservation", energy.adiabatic),
    "B1": ClosedForm(
        "coaxial slot antenna in liver",
        "COMSOL's tutorial of microwave heating; Maxwell's and Pennes' equations solved about the axis, more finely",
        slot.slot,
    ),
}
"""Name -> case, in order."""


@dataclass(frozen=True)
class Outcome:
    """What a case gave on one backend.

    checks : of a closed form;  comparisons : of a laboratory case, which has none
    grids : of the scenes computed, in words;  failure : why it did not end, or ""
    """

    case: str
    backend: str
    checks: tuple[Check, ...]
    grids: tuple[str, ...]
    seconds: float
    failure: str = ""
    comparisons: tuple[Comparison, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it ended and every check passed; comparisons pass and fail nothing."""
        return not self.failure and all(check.passed for check in self.checks)


def compute(name: str, backend: str) -> Outcome:
    """Compute a case of CASES or LABORATORY on a backend that `choose_backend` returned; a run that breaks down is a
    failure."""
    runner = Runner(backend)
    began = time.perf_counter()
    checks: list[Check] = []
    comparisons: list[Comparison] = []
    failure = ""
    try:
        if name in LABORATORY:
            comparisons.extend(LABORATORY[name].compute(runner))
        else:
            checks.extend(CASES[name].compute(runner))
    except RunError as error:
        failure = str(error)
    seconds = time.perf_counter() - began
    return Outcome(name, backend, tuple(checks), tuple(runner.grids), seconds, failure, tuple(comparisons))
