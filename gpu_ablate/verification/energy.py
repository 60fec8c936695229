"""A14: what goes into an insulated box is what it stores."""

from __future__ import annotations

from collections.abc import Iterator

from gpu_ablate.verification.check import Check, relative
from gpu_ablate.verification.runner import Runner

SHARES = {"float64": 1e-8, "float32": 1e-3}
"""Energy that may be missing, as a share of what was brought."""


def adiabatic(runner: Runner) -> Iterator[Check]:
    """A14: 1e-8 with float64, 1e-3 with float32 (which the NumPy backend does not have)."""
    for precision, share in SHARES.items():
        if precision == "float32" and runner.backend == "numpy":
            continue
        run = runner.run("energy", f"run.precision={precision}")
        energy = run.result.energy
        yield relative(f"stored energy, {precision}", energy["sources_j"], energy["stored_j"], "J", 100.0 * share)
