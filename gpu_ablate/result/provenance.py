"""Which programs, on which kind of machine and by which command a result was made; no paths, no names."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath

PACKAGES = ("gpu-ablate", "numpy", "numba", "vtk")
"""Distributions whose version is recorded."""


IMPORTED = re.compile(r"""(\b(?:image|ct|mesh)\s*=\s*)(?:"[^"]*"|'[^']*'|[^,}\]]+)""")
"""A file of the patient's in a table of a change of the scene, `--set anatomy={ image = "..." }`."""

WHOLE = re.compile(r"^((?:--set=)?[\w.\-]*\b(?:image|ct|mesh)\s*=\s*).*$", re.DOTALL)
"""The same as a change of its own, `--set anatomy.image=...`."""


def provenance(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """Describe how a result comes about.

    Parameters
    ----------
    arguments : what followed ``gpu-ablate`` on the command line; None when called from Python

    Returns
    -------
    dict of text: "gpu-ablate", "python", "numpy", "numba", "vtk" (versions), "platform", "cpu", "date" (UTC,
    ISO 8601), "command"
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        found[package] = package_version(package)
    return found | {
        "platform": " ".join(filter(None, (platform.system(), platform.machine(), *platform.libc_ver()))),
        "cpu": cpu_model(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "called from Python" if arguments is None else command_line(arguments),
    }


def package_version(package: str) -> str:
    """Version of an installed distribution, or "not installed"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def cpu_model() -> str:
    """Name of the processor as the system gives it."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def command_line(arguments: Sequence[str]) -> str:
    """The command as typed; absolute and climbing paths are cut to their last part, and names of images and meshes,
    which may be those of patients, are left out."""
    without = (IMPORTED.sub(r"\1(file)", WHOLE.sub(r"\1(file)", argument)) for argument in arguments)
    return " ".join(["gpu-ablate", *(_without_folders(argument) for argument in without)])


def _without_folders(argument: str) -> str:
    return "".join(_last_part(piece) for piece in re.split(r"""([="'\[\],])""", argument))


def _last_part(text: str) -> str:
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind(text)
        if path.is_absolute() or ".." in path.parts or text.startswith("~"):
            return path.name
    return text
