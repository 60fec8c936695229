"""The run log: each line goes to log.txt with the time that has passed, and to the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


class RunLog:
    """Writes lines to a file and to the terminal; call it with a line.

    Parameters
    ----------
    path : log.txt, appended to
    quiet : whether the terminal stays silent

    Attributes
    ----------
    echo : what shows a line on the terminal; a progress bar puts its own in while it is drawn
    """

    def __init__(self, path: Path, quiet: bool = False) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._start = time.monotonic()
        self.quiet = quiet
        self.echo: Callable[[str], None] = lambda text: print(text, flush=True)

    def __call__(self, text: str) -> None:
        """Write a line (or several, parted by newlines) to the file and the terminal."""
        self.note(text)
        if not self.quiet:
            self.echo(text)

    def note(self, text: str) -> None:
        """Write to the file alone."""
        elapsed = time.monotonic() - self._start
        for line in text.splitlines() or [""]:
            self._file.write(f"[{elapsed:8.2f} s] {line}\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
