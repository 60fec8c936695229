"""How far a run is: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.simulation import Progress

LINE_EVERY_S = 10.0
"""A plain line comes after this much wall time [s] ..."""

LINE_EVERY_SHARE = 0.1
"""... or this share of the run, whichever is first."""

ROUNDING = 1e-6
"""A share this much short of the next line counts as there."""


@contextmanager
def shown(log: RunLog, which: str = "") -> Iterator[Callable[[Progress], None]]:
    """What to hand to `simulate`: shows the progress, and logs the message of each station.

    which : goes before every line, where a command computes several runs
    """
    if log.quiet or not sys.stdout.isatty():
        yield plain_lines(log, which)
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    echo = log.echo
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("time left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, transient=True) as bar:
        task = bar.add_task(which)

        def show(now: Progress) -> None:
            if now.message:
                log(which + station_line(now))
            bar.update(task, completed=now.time_s, total=now.duration_s)

        log.echo = lambda text: bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        try:
            yield show
        finally:
            log.echo = echo


def plain_lines(log: RunLog, which: str = "") -> Callable[[Progress], None]:
    """Lines for where no bar can be drawn: one for each station, and from time to time how far it is."""
    began = 0.0
    began_share: float | None = None
    said = time.monotonic()
    said_parts = 0

    def show(now: Progress) -> None:
        nonlocal began, began_share, said, said_parts
        if now.message:
            log(which + station_line(now))
            return
        clock = time.monotonic()
        share = now.time_s / now.duration_s if now.duration_s > 0 else 1.0
        if began_share is None:  # the first super-step compiles the kernels, which says nothing of the pace
            began, began_share = clock, share
            return
        parts = int(share / LINE_EVERY_SHARE + ROUNDING)
        if share > began_share and (parts > said_parts or clock >= said + LINE_EVERY_S):
            said, said_parts = clock, parts
            left = (clock - began) * (1 - share) / (share - began_share)
            log(f"{which}{now.time_s:g} s of {now.duration_s:g} s ({share:.0%}), about {left:.0f} s left")

    return show


def station_line(now: Progress) -> str:
    """The message of a station with its time in the run."""
    return f"{now.time_s:g} s  {now.message}"
