"""A second stage begins where the first one's run ended: temperatures, memory, and new matter that has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.errors import SceneError
from gpu_ablate.outcome.metrics import measure
from gpu_ablate.result.result import Result
from gpu_ablate.result.store import write_result
from tests.engine.conftest import BACKENDS

BOX = """
schema_version = 1
[domain]
spacing_mm = {spacing}
min_mm = [-14, -14, -8]
max_mm = [14, 14, 28]
background = "muscle"
[[region]]
name = "tumour"
role = "target"
tissue = "soft_tissue_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, 12], radius_mm = 6 }}
[device.short]
like = "cryo_17g"
active_from_mm = 2
active_length_mm = 16
[[probe]]
name = "A"
device = "short"
tip_mm = [0.3, -0.2, 0]
shaft_direction = [0, 0, 1]
steps = [{steps}]
[run]
trace_every_s = 15
record_every_s = 30
endpoint = "lethal20x2"
{more}
"""
FREEZE = '{ action = "freeze", duration_s = 90 }'
THAW = '{ action = "thaw", by = "passive", duration_s = 60 }'
NEW = """
[[region]]
name = "new"
tissue = "{tissue}"
shape = {{ kind = "sphere", center_mm = [8, 0, 12], radius_mm = 4 }}
"""


def case_of(folder: Path, name: str, steps: str, more: str = "", spacing: float = 2, after: Path | None = None) -> Case:
    path = folder / f"{name}.toml"
    path.write_text(BOX.format(steps=steps, more=more, spacing=spacing), encoding="utf-8")
    return ga.build_case(ga.load_scene(path, after=after))


def kept(result: Result, folder: Path) -> Path:
    folder.mkdir()
    write_result(result, measure(result), folder)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that froze for 90 s."""
    folder = tmp_path_factory.mktemp("stages")
    return kept(ga.simulate(case_of(folder, "first", FREEZE), "numba"), folder / "run")


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_stages_are_the_same_as_one_run(backend: str, first: Path, tmp_path: Path) -> None:
    whole = ga.simulate(case_of(tmp_path, "whole", f"{FREEZE}, {THAW}"), backend)
    second = ga.simulate(case_of(tmp_path, "second", THAW, after=first), backend)
    assert second.temperature(60.0) == pytest.approx(whole.temperature(150.0), abs=0.02)
    assert set(second.final) == set(whole.final)
    for name in ("min_temperature", "time_below_0c", "time_below_m20c"):
        assert second.final[name] == pytest.approx(whole.final[name], abs=0.05), name
    for name in ("cycles_m20c", "cycles_m20c_thawed", "cycles_m40c"):
        assert np.array_equal(second.final[name], whole.final[name]), name
    assert whole.final["cycles_m20c"].max() == 1.0


def test_a_second_cycle_in_a_second_stage_counts(first: Path, tmp_path: Path) -> None:
    """What the first stage left frozen is in its first cycle until it was warm in between."""
    thaw = '{ action = "thaw", by = "helium", duration_s = 120 }'
    case = case_of(tmp_path, "again", FREEZE, after=first)
    deep = case.initial < -40.0 - 37.0
    again = ga.simulate(case, "numba")
    assert deep.any()
    assert np.all(again.final["cycles_m20c"][deep] == 1.0)
    twice = ga.simulate(case_of(tmp_path, "twice", f"{thaw}, {FREEZE}", after=first), "numba")
    assert np.all(twice.final["cycles_m20c"][deep] == 2.0)
    assert measure(twice)["targets"][0]["ablated_percent"] > 1.0


def test_new_matter_remembers_nothing(first: Path, tmp_path: Path) -> None:
    """A ball of fat where the first stage had frozen muscle and tumour begins at the temperature given for it."""
    more = NEW.format(tissue="subcutaneous_fat") + "initial_temperature_c = 21\n"
    case = case_of(tmp_path, "new", THAW, more, after=first)
    ball, tumour = case.setup.mask("new"), case.setup.mask("tumour")
    assert np.all(case.initial[ball] == np.float32(21.0 - 37.0))
    assert case.initial[tumour].min() < -77.0
    assert np.isnan(case.remembered["min_temperature"][ball]).all()
    assert np.isfinite(case.remembered["min_temperature"][tumour]).all()
    result = ga.simulate(case, "numba")
    assert result.final["time_below_m40c"][ball].max() == 0.0
    assert "new matter" in case.setup.notes[0]


def test_a_finer_grid_takes_over_the_cell_at_each_centre(first: Path, tmp_path: Path) -> None:
    coarse = case_of(tmp_path, "coarse", THAW, after=first)
    fine = case_of(tmp_path, "fine", THAW, spacing=1, after=first)
    same = fine.setup.labels == coarse.setup.labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert same.mean() > 0.95
    assert np.array_equal(fine.initial[same], coarse.initial.repeat(2, 0).repeat(2, 1).repeat(2, 2)[same])


def test_what_cannot_be_begun_from_is_refused(first: Path, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r'from_run ".*result.vtkhdf" does not exist'):
        case_of(tmp_path, "none", THAW, after=tmp_path / "none")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "result.vtkhdf").write_text("nothing", encoding="utf-8")
    with pytest.raises(SceneError, match=r"from_run .*broken.*: cannot be read"):
        case_of(tmp_path, "broken", THAW, after=broken)
    with pytest.raises(SceneError, match="does not cover the whole box"):
        case_of(tmp_path, "wide", THAW, after=first, spacing=3)
    layer = NEW.format(tissue="saline") + '[[isolation]]\nregion = "new"\noutward = [0, 0, 1]\ndisplaces = "deep"\n'
    with pytest.raises(SceneError, match='the layer "new" moves tissue in one of both stages only'):
        case_of(tmp_path, "layer", THAW, layer + '[boundary]\ndefault = "body"\n', after=first)
