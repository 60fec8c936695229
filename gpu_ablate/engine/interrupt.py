"""Ctrl-C while the engine computes: noted at once, obeyed at the end of a super-step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_noted() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether Ctrl-C has come meanwhile; outside the main thread it never has."""
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield noted.is_set
        return
    before = signal.signal(signal.SIGINT, lambda *_: noted.set())
    try:
        yield noted.is_set
    finally:
        signal.signal(signal.SIGINT, before)
