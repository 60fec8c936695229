"""Find the files that travel with the package, in a wheel and in an editable checkout alike."""

from __future__ import annotations

from pathlib import Path


def data_dir(name: str) -> Path:
    """Folder ``name`` (``"scenes"``) shipped with the package.

    A wheel carries it inside the package; a checkout has it beside the package.

    Raises
    ------
    FileNotFoundError
        Neither place has it: the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name}: not found beside or inside {package}; reinstall gpu-ablate")
