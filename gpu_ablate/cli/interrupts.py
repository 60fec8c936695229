"""Ctrl-C while a run is made ready: the first ends it; once it computes, the engine notes Ctrl-C itself."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def first_interrupt_only() -> Iterator[Callable[[], None]]:
    """The first Ctrl-C meanwhile raises KeyboardInterrupt; later ones do nothing.

    Yields a function to call when the run computes: from then on Ctrl-C goes to the handler of before, so that none
    that comes between the last step and the writing of the result takes it away.
    """
    before = signal.getsignal(signal.SIGINT)
    computes = False

    def stop(number: int, frame: FrameType | None) -> None:
        if computes and callable(before):
            before(number, frame)
            return
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    def begun() -> None:
        nonlocal computes
        computes = True

    signal.signal(signal.SIGINT, stop)
    try:
        yield begun
    finally:
        signal.signal(signal.SIGINT, before)
