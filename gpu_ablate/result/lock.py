"""One process at a time computes in a run folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu_ablate.errors import ResultError

LOG = "log.txt"
"""The file that holds the lock: every run folder has it, and the system lets go of it however the process ends."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from computing in a run folder meanwhile.

    Raises
    ------
    ResultError
        Another process computes there.
    """
    with (folder / LOG).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ResultError(f"{folder}: another process computes this run\n  wait for its end, or end it") from error
        except OSError:
            pass  # a file system without locks: nothing tells two processes apart there
        yield
