"""Laboratory experiments: what a comparison says, that their scenes build, and that the page shows them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.case.build import build_case
from gpu_ablate.errors import RunError
from gpu_ablate.scene.load import load_scene
from gpu_ablate.verification.bench import ASPECTS, PLATEAU, UDDER, fitted
from gpu_ablate.verification.cases import CASES, Outcome, compute
from gpu_ablate.verification.comparison import Comparison
from gpu_ablate.verification.document import comparison_cells, document
from gpu_ablate.verification.ice import LARD, LITTRUP
from gpu_ablate.verification.laboratory import LABORATORY
from gpu_ablate.verification.runner import SCENES

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"

EX_VIVO = ("bench_udder", "bench_liver", "bench_monopole")


@pytest.mark.parametrize(
    ("found", "hotter", "verdict"),
    [
        (10.9, None, "within the spread"),
        (11.1, None, "outside"),
        (8.9, 8.0, "outside"),
        (11.5, 10.0, "with the hotter edge only"),
        (10.0, 8.0, "within the spread"),
        (math.nan, None, "outside"),
    ],
)
def test_verdict(found: float, hotter: float | None, verdict: str) -> None:
    assert Comparison("length", 10.0, 1.0, found, "mm", hotter).verdict == verdict


@pytest.mark.parametrize(("found", "verdict"), [(7.5, "met"), (12.5, "met"), (7.4, "missed"), (math.nan, "missed")])
@pytest.mark.parametrize("published", [10.0, None])
def test_bounds_of_our_own_are_met_or_missed(published: float | None, found: float, verdict: str) -> None:
    assert Comparison("width", published, None, found, "mm", accepted=(7.5, 12.5)).verdict == verdict


def test_bounds_are_shown_as_ours_and_words_as_words() -> None:
    number = Comparison("width", 10.0, None, 8.0, "mm", accepted=(7.5, 12.5))
    assert comparison_cells(number)[1:4] == ("10 mm (accepted 7.5 to 12.5 mm)", "8", "-20.0 %")
    words = Comparison("ratio", None, None, 0.7, "", accepted=(0.0, 1.0))
    assert comparison_cells(words)[1:4] == ("in words (accepted 0 to 1)", "0.7", "")


def test_what_cannot_miss_is_said() -> None:
    """A number without a spread is neither within nor outside, and a fitted one proves nothing."""
    assert Comparison("length", 10.0, None, 10.0, "mm").verdict == "no spread given"
    assert Comparison("length", 10.0, 1.0, 20.0, "mm", fitted=True).verdict == "fitted"


def test_cells_of_a_row() -> None:
    row = comparison_cells(Comparison("volume, 25 W", 2.0, 0.5, 3.0, "cm³", 2.25))
    assert row == ("volume, 25 W", "2 ± 0.5 cm³", "3", "+50.0 %", "2.25", "with the hotter edge only")


@pytest.mark.parametrize(("exponent", "scale"), [(0.43, 22.0), (0.5, 13.4), (1.0, 30.0), (0.3, 12.0)])
def test_fit_meets_its_target(exponent: float, scale: float) -> None:
    def size(x: float) -> float:
        return scale * x**exponent

    assert size(fitted(size, 13.4)) == pytest.approx(13.4, rel=0.003)


def test_a_fit_that_cannot_be_met_is_said() -> None:
    with pytest.raises(RunError, match="in eight trials"):
        fitted(lambda x: 5.0 + 0.01 * x, 13.4)


@pytest.mark.parametrize("name", EX_VIVO)
def test_no_blood_flows_ex_vivo(name: str) -> None:
    case = build_case(load_scene(SCENES / f"{name}.toml", ["domain.spacing_mm=5"]))
    assert not np.any(case.tables.perfusion)
    assert not np.any(case.tables.metabolic)


def test_the_page_shows_every_experiment_with_its_published_numbers() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("\n## Laboratory")[2]
    parts = {part.partition(":")[0]: part for part in text.split("\n### ")[1:]}
    assert list(parts) == list(LABORATORY)
    for name, case in LABORATORY.items():
        for said in (case.title, case.source, case.setting, case.discussion):
            assert said in parts[name], f"{name}: write docs/validation.md again (CONTRIBUTING.md)"
    for power, ((width, spread), _) in UDDER.items():
        assert f"| short axis, {power} W | {width:g} ± {spread:g} mm |" in parts["M1"]
    for power, share in PLATEAU.items():
        assert f"{power} W | {share:.3g} |" in parts["M6"]
    for (power, time_s), (round_one, _) in ASPECTS.items():
        assert f"{power} W, {time_s // 60} min | {round_one:g} |" in parts["M9"]
    for count, (width, share) in LITTRUP.items():
        name = f"{count} probe{'s' if count > 1 else ''}"
        assert f"| below -30 °C, {name} | {width:g} mm (accepted" in parts["C1"]
        assert f"| share of the ice below -30 °C, {name} | {share:g} % (accepted" in parts["C1"]
    for time_s, straight in LARD.items():
        assert f"R², {time_s // 60} min | {straight:g} |" in parts["C7"]


def test_a_column_for_a_hotter_edge_stands_where_there_is_one() -> None:
    cold = Outcome("C1", "numba", (), (), 0.0, comparisons=(Comparison("width", 10.0, None, 8.0, "mm"),))
    hot = Outcome("M1", "numba", (), (), 0.0, comparisons=(Comparison("width", 10.0, None, 8.0, "mm", 7.0),))
    assert "hotter" not in document([cold])
    assert "hotter" in document([hot])


def test_a_miss_fails_nothing_but_a_breakdown_does() -> None:
    miss = Comparison("short axis", 10.0, 1.0, 20.0, "mm")
    assert Outcome("M1", "numba", (), (), 0.0, comparisons=(miss,)).passed
    broken = Outcome("M1", "numba", (), (), 0.0, "it broke")
    assert not broken.passed
    assert "**FAILED: it broke**" in document([broken])


def test_names_are_unique() -> None:
    assert not CASES.keys() & LABORATORY.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(LABORATORY))
def test_experiment_is_computed(name: str) -> None:
    outcome = compute(name, "numba")
    assert not outcome.failure
    assert outcome.comparisons
    assert all(math.isfinite(compared.found) for compared in outcome.comparisons)
    if name[0] == "M":
        assert all(compared.found > 0 for compared in outcome.comparisons)


@pytest.mark.slow
def test_probes_in_agar_lie_within_the_bounds_and_in_the_published_order() -> None:
    """C1: lethal diameter and share of the ice grow with each probe more."""
    comparisons = compute("C1", "numba").comparisons
    assert {compared.verdict for compared in comparisons} == {"met", "fitted"}
    for quantity in ("below -30 °C, ", "share of the ice below -30 °C, "):
        found = [compared.found for compared in comparisons if compared.quantity.startswith(quantity)]
        assert len(found) == len(LITTRUP)
        assert np.all(np.diff(found) > 0.0)
