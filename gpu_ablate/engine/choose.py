"""Choose a backend by name, and say why."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

from gpu_ablate.engine.backend import Backend
from gpu_ablate.errors import BackendError

CLASSES = {"numpy": ("gpu_ablate.engine.reference", "Reference"), "numba": ("gpu_ablate.engine.cpu", "Cpu")}


def choose_backend(name: str) -> tuple[str, str]:
    """Resolve "auto" and check that the backend can be used; returns its name and the reason in words.

    Raises
    ------
    BackendError
        Unknown name, or what it needs is not installed.
    """
    if name not in ("auto", *CLASSES):
        raise BackendError(f'unknown backend "{name}"; backends here: auto, {", ".join(CLASSES)}')
    have_numba = find_spec("numba") is not None
    if name == "numba" and not have_numba:
        raise BackendError('backend "numba" needs the package numba: pip install numba')
    if name != "auto":
        return name, "asked for"
    if have_numba:
        return "numba", f"no GPU backend in this version; all {len(os.sched_getaffinity(0))} CPU threads"
    return "numpy", "numba is not installed (pip install numba makes it about 20 times faster)"


def backend_class(name: str) -> type[Backend]:
    """The class of a backend that `choose_backend` returned; imports it."""
    module, attribute = CLASSES[name]
    chosen: type[Backend] = getattr(import_module(module), attribute)
    return chosen
