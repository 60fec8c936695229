"""A13: doses of heat at constant temperature and along a linear ramp."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_ablate.physics.analytic_dose import ramp_arrhenius, ramp_cem43, seconds_to_cem43
from gpu_ablate.physics.damage import ARRHENIUS_GATE_C, CEM43_LETHAL_MIN, GAS_CONSTANT
from gpu_ablate.verification.check import Check, relative
from gpu_ablate.verification.runner import Run, Runner

RATE, END_C = 20.0 / 600.0, 57.0
"""The ramp [K s⁻¹] and where it ends [°C]."""

WEAVER_STOLL_BREAK_C = 50.0

LAWS = {
    "liver": ((7.39e39, 2.577e5, ARRHENIUS_GATE_C, END_C),),
    "henriques_moritz": ((3.1e98, 6.28e5, ARRHENIUS_GATE_C, END_C),),
    "weaver_stoll": (
        (2.185e124, 93534.9 * GAS_CONSTANT, ARRHENIUS_GATE_C, WEAVER_STOLL_BREAK_C),
        (1.823e51, 39109.8 * GAS_CONSTANT, WEAVER_STOLL_BREAK_C, END_C),
    ),
}
"""Pieces of the ramp under each Arrhenius law: A [s⁻¹] and E_a [J mol⁻¹] as published (see `physics.damage`), from
and to [°C]."""


def doses(runner: Runner) -> Iterator[Check]:
    """A13: CEM43 within 0.1 %, Ω within 0.2 % along the ramp; the published times to 240 minutes within 0.2 %."""
    for law, pieces in LAWS.items():
        run = runner.run("dose", f"model.arrhenius={law}")
        if law == "liver":
            yield relative("CEM43 of the ramp", ramp_cem43(RATE, END_C), _dose(run, "cem43"), "min", 0.1)
        expected = sum(ramp_arrhenius(a, energy, RATE, start, end) for a, energy, start, end in pieces)
        yield relative(f"Ω of the ramp, {law.replace('_', '-')}", expected, _dose(run, "arrhenius"), "", 0.2)
    for temperature in (45, 47, 50, 54):
        seconds = seconds_to_cem43(temperature, CEM43_LETHAL_MIN)
        changes = [f"run.{key}={seconds}" for key in ("duration_s", "record_every_s", "trace_every_s")]
        run = runner.run("dose", f"initial.temperature_c={temperature}", "source.ramp.power_w=0", *changes)
        what = f"CEM43 after {seconds:.4g} s at {temperature} °C"
        yield relative(what, CEM43_LETHAL_MIN, _dose(run, "cem43"), "min", 0.2)


def _dose(run: Run, field: str) -> float:
    """A dose at the end; all cells have the same."""
    return float(run.result.final[field].mean())
