"""The shape of the code: import contracts, types, style, a light package, a complete public namespace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gpu_ablate

ROOT = Path(__file__).parents[2]

HEAVY = ("numba", "pyvista", "vtkmodules", "SimpleITK", "matplotlib", "h5py", "scipy", "pydantic", "numpy")


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]])
def test_tools_have_nothing_to_say(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_run_downwards() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, gpu_ablate; sys.exit(' '.join(sorted(set({HEAVY}) & set(sys.modules))) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_public_names_are_what_they_say() -> None:
    for name in gpu_ablate.__all__:
        assert getattr(gpu_ablate, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        gpu_ablate.nonsense  # noqa: B018
