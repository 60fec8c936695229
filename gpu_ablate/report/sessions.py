"""What the lesions of one session add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gpu_ablate.outcome.cold_load import core_fall
from gpu_ablate.report.one_run import OneRun, killed_cm3, procedure_s
from gpu_ablate.scene.case_file import Planned
from gpu_ablate.units import KJ


@dataclass(frozen=True)
class Session:
    """One session.

    lesions : names, in their order
    killed_cm3 : all killed tissue, each lesion by its own rule
    drawn_kj : heat drawn by cryoprobes; None without one
    core_fall_c : upper bound of the fall of the core for the body mass, as of a single lesion; None without one
    body_mass_kg : the least of its scenes, which gives the largest fall
    times_s : end of the last step of each lesion
    """

    number: int
    lesions: tuple[str, ...]
    killed_cm3: float
    drawn_kj: float | None
    core_fall_c: float | None
    body_mass_kg: float
    times_s: tuple[float, ...]

    @property
    def time_s(self) -> float:
        """All of the procedures, one after the other; no time between them."""
        return sum(self.times_s)


def sessions(lesions: Sequence[Planned], runs: Sequence[OneRun]) -> tuple[Session, ...]:
    """The sessions in their order; runs in that of the lesions."""
    numbers = sorted({planned.lesion.session for planned in lesions})
    return tuple(
        _session(number, [pair for pair in zip(lesions, runs, strict=True) if pair[0].lesion.session == number])
        for number in numbers
    )


def _session(number: int, treated: Sequence[tuple[Planned, OneRun]]) -> Session:
    runs = [run for _, run in treated]
    drawn = [load["drawn_kj"] for run in runs if (load := run.metrics.get("cold_load"))]
    mass = min(run.setup.plan.body_mass for run in runs)
    return Session(
        number=number,
        lesions=tuple(planned.lesion.name for planned, _ in treated),
        killed_cm3=sum(killed_cm3(run) or 0.0 for run in runs),
        drawn_kj=sum(drawn) if drawn else None,
        core_fall_c=core_fall(sum(drawn) * KJ, mass) if drawn else None,
        body_mass_kg=mass,
        times_s=tuple(procedure_s(run) for run in runs),
    )
