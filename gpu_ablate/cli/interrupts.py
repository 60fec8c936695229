"""Ctrl-C while a run computes: the first ends it, later ones do not stop what it found from being written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def first_interrupt_only() -> Iterator[None]:
    """The first Ctrl-C meanwhile raises KeyboardInterrupt; later ones do nothing."""
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
