"""Where a result comes from, without saying where on the machine or by whom."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gpu_ablate.result.provenance import command_line, provenance


def test_all_entries_are_filled() -> None:
    found = provenance(["run", "breast"])
    assert set(found) == {
        "gpu-ablate", "python", "numpy", "numba", "vtk", "platform", "cpu", "date", "command"
    }  # fmt: skip
    assert all(found.values())
    assert abs(datetime.now(UTC) - datetime.fromisoformat(found["date"])).total_seconds() < 60


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["run", "scenes/breast.toml"], "gpu-ablate run scenes/breast.toml"),
        (["run", "/home/jane/breast.toml", "--out", "/data/jane/x"], "gpu-ablate run breast.toml --out x"),
        (["run", "a", "--out=/home/jane/x"], "gpu-ablate run a --out=x"),
        (["run", "~jane/a.toml"], "gpu-ablate run a.toml"),
        (["run", "../../jane/a.toml"], "gpu-ablate run a.toml"),
        (["run", "C:\\Users\\jane\\a.toml"], "gpu-ablate run a.toml"),
        (["run", "a", "--set", 'x.path="/home/jane/t.nii"'], 'gpu-ablate run a --set x.path="t.nii"'),
        (["run", "a", "--set", 'x.image="/home/jane/DOE J.nii"'], "gpu-ablate run a --set x.image=(file)"),
        (["run", "a", "--set", "x.image=DOE J.nii"], "gpu-ablate run a --set x.image=(file)"),
        (["run", "a", "--set", "anatomy.ct=DOE_J.nii"], "gpu-ablate run a --set anatomy.ct=(file)"),
        (
            ["run", "a", "--set", "region.t={mesh = 'DOE.stl', role = 'risk'}"],
            "gpu-ablate run a --set region.t={mesh = (file), role = 'risk'}",
        ),
        (
            ["run", "a", "--set", "probe.A.steps.0.power_w=50"],
            "gpu-ablate run a --set probe.A.steps.0.power_w=50",
        ),
        (
            ["run", "a", "--set", "probe.A.tip_mm=[0, -1.5, 2]"],
            "gpu-ablate run a --set probe.A.tip_mm=[0, -1.5, 2]",
        ),
    ],
)
def test_the_command_shows_no_place_on_the_machine(typed: list[str], kept: str) -> None:
    assert command_line(typed) == kept
