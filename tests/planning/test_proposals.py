"""What `new` proposes: needles by the rules, ways that keep clear, a box that fits, scenes that can be built."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

import gpu_ablate as ga
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_labels, write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.outcome.ways import Way, ways_planned
from gpu_ablate.planning.new import write_new
from gpu_ablate.planning.propose import Modality
from gpu_ablate.units import MM
from tests.planning.conftest import NAMES, ball, centres

Made = Callable[..., Path]


def proposed(
    image: Path, modality: Modality | None = None, tumour: str | None = None, spacing_mm: float | None = 2.5
) -> Path:
    out = image.parent / f"scene_{len(list(image.parent.glob('*.toml')))}.toml"
    write_new(image, out, tumour, modality, None, None, None, spacing_mm, "radical", print)
    return out


def ways(scene: Path) -> list[Way]:
    return ways_planned(ga.build_case(ga.load_scene(scene)).setup)


def crossed(scene: Path) -> set[str]:
    return {piece.region.name for way in ways(scene) for piece in way.crossed}


def test_the_needle_enters_through_skin_and_reaches_the_tumour(made: Made) -> None:
    (way,) = ways(proposed(made(), "microwave"))
    assert way.entered
    assert way.crossed[0].region.role == "skin"
    assert way.crossed[-1].region.name in ("tumour", "liver")
    assert "tumour" in {piece.region.name for piece in way.crossed}
    assert np.linalg.norm(way.active - np.array([0, -20, 0]) * MM) < 2 * MM  # the heat stands in the tumour's middle


def test_no_needle_crosses_a_vessel(made: Made) -> None:
    """A sheet of vessel lies across the nearest skin, and the needle goes round it."""

    def sheet(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[(np.abs(at[..., 1] + 40) < 3) & (np.abs(at[..., 0]) < 30) & (np.abs(at[..., 2]) < 30)] = 5

    assert ways(proposed(made(), "microwave"))[0].direction[1] < -0.9
    barred = proposed(made(sheet), "microwave")
    assert "portal vein" not in crossed(barred)
    assert ways(barred)[0].direction[1] > -0.9


def test_gas_within_the_body_is_no_way_in(made: Made) -> None:
    """A bubble of bowel gas lies before the target in an image without the air outside: no needle comes out of it."""
    bubble, radius = np.array([0, -36, 0]), 5.0

    def field_within_the_body(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[np.isin(labels, (0, 2))] = 1
        labels[ball(at, tuple(bubble), radius)] = 0

    scene = proposed(made(field_within_the_body), "cryo")
    for way in ways(scene):
        along = np.linspace(0, 120, 481)[:, None] * way.direction
        assert np.linalg.norm(way.tip / MM + along - bubble, axis=1).min() > radius
    assert "% of the image is gas" in scene.read_text(encoding="utf-8")


def test_antennas_together_get_no_less_than_one_would(made: Made) -> None:
    """From one antenna to two the energy does not fall with the size of a round lesion."""
    joules = []
    for radius in (14.5, 16.5):
        probes = tomllib.loads(proposed(made(tumour=radius), "microwave").read_text())["probe"]
        joules.append(sum(step["power_w"] * step["duration_s"] for each in probes for step in each["steps"]))
    assert len(probes) == 2
    assert joules[1] > joules[0]


def test_a_nerve_that_lies_outside_the_box_has_no_limit(made: Made) -> None:
    """A whole segmentation names nerves far away; none of their limits stands in the report as not judged."""
    limited = []
    for middle in ((24, -20, 0), (50, 50, -50)):

        def cord(labels: NDArray[np.uint8], at: NDArray[np.float64], middle: tuple[int, int, int] = middle) -> None:
            labels[ball(at, middle, 5)] = 7

        setup = ga.build_case(ga.load_scene(proposed(made(cord), "microwave"))).setup
        limited.append({limit.where for limit in setup.limits})
    assert limited == [{"skin", "nerve"}, {"skin"}]


def test_a_ct_is_no_label_image(made: Made) -> None:
    image = made()
    write_image(image, (100 * np.sin(centres()[..., 0])).astype(np.int16), read_labels(image).lattice)
    with pytest.raises(SceneError, match="is no label image"):
        proposed(image, "microwave")


def test_no_tip_sticks_out_of_the_body_before_a_superficial_tumour(made: Made) -> None:
    def superficial(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[ball(at, (0, -46, 0), 9)] = 4

    case = ga.build_case(ga.load_scene(proposed(made(superficial, tumour=0.0), "cryo")))
    gas = case.setup.phase_mask("gas")
    for way in ways_planned(case.setup):
        x, y, z = (float(value) for value in way.tip)
        assert not gas[case.setup.grid.cell_at((x, y, z))]
        assert "tumour" in {piece.region.name for piece in way.crossed}


def test_vessels_of_the_image_are_sinks(made: Made) -> None:
    def two(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[(np.abs(at[..., 0] - 24) < 5) & (np.abs(at[..., 1] + 20) < 5)] = 5
        labels[(np.abs(at[..., 0] + 24) < 5) & (np.abs(at[..., 1] + 20) < 5)] = 8

    image = made(two, names=f"{NAMES}8,aorta\n")
    scene = ga.load_scene(proposed(image, "microwave"))
    assert {vessel.region: vessel.preset for vessel in scene.vessel} == {"portal vein": "vein", "aorta": "artery"}
    assert {"flow in portal vein", "flow in aorta"} <= set(ga.build_case(scene).exchange.names)


def test_bone_is_gone_round_but_for_a_target_in_it(made: Made) -> None:
    def plate(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[(np.abs(at[..., 1] + 42) < 3) & (np.abs(at[..., 0]) < 30) & (np.abs(at[..., 2]) < 30)] = 6

    def around(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[ball(at, (0, -20, 0), 24) & (labels != 4)] = 6

    assert "rib left 7" not in crossed(proposed(made(plate), "microwave"))
    inside = proposed(made(around))
    assert "rib left 7" in crossed(inside)
    document = tomllib.loads(inside.read_text())
    assert document["anatomy"]["labels"]["4"]["tissue"] == "lytic_metastasis"
    assert {probe["device"][:8] for probe in document["probe"]} == {"cryo_17g"}


def test_a_caged_target_is_refused_and_nothing_is_written(made: Made) -> None:
    def cage(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[ball(at, (0, -20, 0), 22) & ~ball(at, (0, -20, 0), 16)] = 5

    image = made(cage)
    before = sorted(image.parent.iterdir())
    with pytest.raises(SceneError, match="no straight way"):
        proposed(image, "microwave")
    assert sorted(image.parent.iterdir()) == before


@pytest.mark.parametrize(("radius", "counts"), [(8, {2}), (12, {3}), (18, {4, 5, 6})])
def test_cryoprobes_by_the_size_of_the_lesion(made: Made, radius: float, counts: set[int]) -> None:
    """Below 2 cm two, below 3 cm three near the edge, from there on 4-6 parallel ones 1.5 cm apart (2018 consensus)."""
    scene = proposed(made(tumour=radius), "cryo")
    taken = ways(scene)
    assert len(taken) in counts
    gaps = [float(np.linalg.norm(a.active - b.active)) / MM for a, b in combinations(taken, 2)]
    assert all(abs(a.direction @ b.direction) > 1 - 1e-6 for a, b in combinations(taken, 2))
    if radius * 2 >= 30:
        assert min(gaps) == pytest.approx(15, abs=0.2)
    else:
        assert max(gaps) < 2 * radius
        assert max(gaps) <= 15.2
    steps = tomllib.loads(scene.read_text())["probe"][0]
    assert steps["repeat"] == 2
    assert 720 <= steps["steps"][0]["duration_s"] <= 900
    assert 180 <= steps["steps"][1]["duration_s"] <= 300


def test_cryoprobes_run_across_the_long_axis(made: Made) -> None:
    def rod(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        scaled = at * np.array([1.0, 0.45, 1.0]) - np.array([0, 0.45 * -20, 0])
        labels[np.linalg.norm(scaled, axis=-1) < 14] = 4  # 62 mm along y, towards the nearest skin

    for way in ways(proposed(made(rod), "cryo")):
        assert abs(way.direction[1]) < 0.5


def test_a_flipped_image_gets_the_same_plan(made: Made) -> None:
    """The same body, its voxels listed in another order."""
    image = made()
    one = tomllib.loads(proposed(image, "microwave").read_text())
    labels = read_labels(image)
    nz, ny, nx = labels.values.shape
    axes = labels.lattice.axes
    far = labels.lattice.points(np.array([[nx - 1, 0, nz - 1]]))[0]
    flipped = Lattice((nz, ny, nx), far, axes * np.array([-1, 1, -1]))
    write_image(image, labels.values[::-1, :, ::-1].copy(), flipped)
    other = tomllib.loads(proposed(image, "microwave").read_text())
    assert one["probe"] == other["probe"]
    assert one["domain"] == other["domain"]


def test_the_box_holds_the_plan_and_stays_computable(made: Made) -> None:
    scene = proposed(made(tumour=18), "cryo", spacing_mm=None)
    setup = ga.build_case(ga.load_scene(scene)).setup
    assert setup.grid.cells <= 2_000_000
    surface = setup.surfaces["tumour"].points
    assert (surface.min(axis=0) > np.array(setup.grid.origin) + 8 * MM).all()
    assert (surface.max(axis=0) < np.array(setup.grid.upper) - 8 * MM).all()
    assert setup.plan.margin_goal == pytest.approx(10 * MM)


def test_a_value_without_a_name_is_body_to_be_checked(made: Made) -> None:
    image = made(names="value,name\n4,tumour\n")
    out = image.parent / "scene.toml"
    write_new(image, out, None, "microwave", None, None, None, None, "palliative", print)
    text = out.read_text()
    assert 'name = "label 3" }    # CHECK' in text
    assert '"palliative"' in text
    ga.build_case(ga.load_scene(out))


def test_the_body_around_organs_is_taken_from_the_ct(made: Made) -> None:
    """Labels of organs alone: a CT tells fat, other tissue and air apart, and a copy of the image holds them."""
    hu: list[NDArray[np.int16]] = []

    def organs(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        far = np.abs(at).max(axis=-1)
        clean = np.select([far < 50, far < 60], [50, -100], -1000).astype(np.int16)
        clean[::9, ::9, ::9] += np.where(clean[::9, ::9, ::9] == 50, -150, 0).astype(np.int16)  # noise
        hu.append(clean)
        labels[labels < 3] = 0

    image = made(organs, names="value,name\n3,liver\n4,tumour\n")
    lattice = read_labels(image).lattice
    ct = image.parent / "ct.nii.gz"
    write_image(ct, hu[0], lattice)
    out = image.parent / "scene.toml"
    write_new(image, out, None, "microwave", None, ct, None, None, "radical", print)
    document = tomllib.loads(out.read_text())
    assert document["anatomy"]["image"] == "scene_labels.nii.gz"
    copy = read_labels(image.parent / "scene_labels.nii.gz").values
    fat, other = 5, 6
    assert document["anatomy"]["labels"][str(fat)]["tissue"] == "subcutaneous_fat"
    assert document["anatomy"]["labels"][str(other)]["tissue"] == "muscle"
    before = read_labels(image).values
    assert (copy[before > 0] == before[before > 0]).all()
    assert ((copy == 0) == ((before == 0) & (hu[0] == -1000))).all()
    free = before == 0
    inner = np.abs(centres()).max(axis=-1) < 46
    assert (hu[0][inner] == -100).any()
    assert (copy[free & inner] == other).all()  # the noise too
    assert (copy[free & (maximum_filter(hu[0], 3) == -100) & (minimum_filter(hu[0], 3) == -100)] == fat).all()
    (way,) = ways(out)
    assert way.entered
    assert way.crossed[0].region.name == "fat on the CT"


def test_an_unnamed_canal_is_kept_off(made: Made) -> None:
    """A ring of bone behind a vertebral body, open to no label: no needle goes through its hole."""

    def spine(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[labels > 2] = 1
        x, y, z = np.moveaxis(at, -1, 0)
        level = np.abs(z) < 12
        labels[(np.hypot(x, y - 5) < 20) & level] = 6
        labels[(np.hypot(x, y - 34) < 16) & level] = 6
        labels[(np.hypot(x, y - 34) < 9) & (np.abs(z) < 40)] = 1
        labels[ball(at, (0, 10, 0), 7)] = 4

    names = "value,name\n0,air\n1,body\n2,skin\n4,metastasis\n6,vertebrae_L3\n"
    scene = proposed(made(spine, names=names))
    assert "no label names the spinal canal" in scene.read_text()
    for way in ways(scene):
        places = way.tip + np.linspace(0, way.reach, 200)[:, None] * way.direction
        in_hole = np.hypot(places[:, 0], places[:, 1] - 34 * MM) < 8 * MM
        assert not (in_hole & (np.abs(places[:, 2]) < 11 * MM)).any()


def test_labels_of_one_name_and_two_meanings_are_told_apart(made: Made) -> None:
    def second(labels: NDArray[np.uint8], at: NDArray[np.float64]) -> None:
        labels[ball(at, (25, -20, 0), 6)] = 5

    image = made(second, names="value,name\n0,air\n1,body\n2,skin\n3,liver\n4,lesion\n5,lesion\n")
    with pytest.raises(SceneError, match="several labels"):
        proposed(image, "microwave")
    scene = proposed(image, "microwave", "4")
    roles = {label: entry.get("role") for label, entry in tomllib.loads(scene.read_text())["anatomy"]["labels"].items()
             if isinstance(entry, dict)}  # fmt: skip
    assert (roles["4"], roles["5"]) == ("target", None)
    ga.build_case(ga.load_scene(scene))
