"""Cooled shafts while a run goes on: the pieces of a track that lie behind the antenna cool."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.engine.clock import ProbeClock

Array = NDArray[np.float64]


class Shafts:
    """Switches the exchange groups of a case's shaft pieces on and off."""

    def __init__(self, case: Case) -> None:
        self.case = case
        names = case.exchange.names
        self.groups = np.array([names.index(piece.name) for piece in case.shafts], np.int64)
        self.film = np.array(
            [case.exchange.film_scale[names.index(p.name)] / self._cooling(p.probe) for p in case.shafts]
        )
        self.given: tuple[Array, tuple[bool, ...], Array] | None = None

    def _cooling(self, probe: str) -> float:
        """Film coefficient of a probe's shaft [W m⁻² K⁻¹]."""
        cooling = self.case.antennas[probe].cooling
        assert cooling is not None
        return cooling.h

    def switched(self, film: Array, clocks: Sequence[ProbeClock], time: float) -> Array:
        """Film resistances in which the shafts cool where they are at a time [s]; the same array while nothing changes.

        film : of `Exchange.at`, in which no shaft cools
        """
        if not self.case.shafts:
            return film
        cooling = self._cooling_at(clocks, time)
        if self.given is None or self.given[0] is not film or self.given[1] != cooling:
            changed = film.copy()
            on = np.array(cooling)
            changed[self.groups[on]] = self.film[on]
            self.given = film, cooling, changed
        return self.given[2]

    def _cooling_at(self, clocks: Sequence[ProbeClock], time: float) -> tuple[bool, ...]:
        """Which pieces cool: those of which at least half lies where the wall is cooled."""
        begins = {}
        for clock in clocks:
            antenna = self.case.antennas.get(clock.probe.name)
            cooling = antenna.cooling if antenna else None
            if cooling is not None and clock.inserted:
                withdrawn = math.dist(clock.tip(time), clock.probe.tracks[clock.track].tip)
                begins[clock.probe.name] = clock.track, cooling.begin + withdrawn
        found = []
        for piece in self.case.shafts:
            track, begin = begins.get(piece.probe, (-1, 0.0))
            found.append(piece.track == track and 0.5 * (piece.start + piece.end) >= begin)
        return tuple(found)
