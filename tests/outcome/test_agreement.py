"""Two bodies against closed forms, and against voxels that another library compares."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from gpu_ablate.case.grid import Grid
from gpu_ablate.geometry.meshes import Mesh, centroid
from gpu_ablate.outcome.agreement import apart, even, measure_agreement
from tests.outcome.conftest import ellipsoid_surface

MM = 1e-3
BOX = Grid((80, 80, 80), MM, (-40 * MM,) * 3)


def body(center, radii, around=100):
    surface = ellipsoid_surface(center, radii, around)
    return Mesh(surface.points.astype(float), surface.faces)


def ball(center, radius):
    return body(center, (radius,) * 3)


def lens(first, second, apart_mm):
    """Volume that two balls share [mm³] (Kern and Bland 1938, Solid Mensuration)."""
    if apart_mm <= abs(first - second):
        return 4 / 3 * np.pi * min(first, second) ** 3
    square = (first + second - apart_mm) ** 2
    root = apart_mm**2 + 2 * apart_mm * (first + second) - 3 * (first - second) ** 2
    return np.pi * square * root / (12 * apart_mm)


@pytest.mark.parametrize(("seen", "computed"), [(15.0, 18.0), (18.0, 15.0)])
def test_balls_with_one_middle(seen, computed):
    found = measure_agreement(ball((0, 0, 0), seen), ball((0, 0, 0), computed), BOX)
    assert found["mean_surface_mm"] == pytest.approx(3.0, abs=0.01)
    assert found["hd95_mm"] == pytest.approx(3.0, abs=0.01)
    assert found["largest"]["mm"] == pytest.approx(3.0, abs=0.01)
    assert found["largest"]["further"] == ("observed" if seen > computed else "simulated")
    assert found["signed_mean_mm"] == pytest.approx(seen - computed, abs=0.01)
    assert found["difference_percent"] == pytest.approx(100 * ((seen / computed) ** 3 - 1), abs=0.1)
    assert found["dice"] == pytest.approx(2 * 15**3 / (15**3 + 18**3), abs=1e-3)
    assert found["centroid_shift_mm"] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("center", "seen", "computed"), [((4, 0, 0), 15, 15), ((6, 2, -3), 20, 14), ((-9, 9, 1), 8, 12)]
)
def test_shifted_balls(center, seen, computed):
    """The distance of a surface point at an angle θ to the shift d is |√(r² + d² + 2 r d cos θ) - R|."""
    found = measure_agreement(ball(center, seen), ball((0, 0, 0), computed), BOX)
    d = float(np.linalg.norm(center))
    volumes = 4 / 3 * np.pi * (seen**3 + computed**3)
    assert found["dice"] == pytest.approx(2 * lens(seen, computed, d) / volumes, abs=2e-3)
    assert found["centroid_shift"] == pytest.approx(center, abs=1e-3)
    cosine = np.linspace(-1, 1, 20001)  # even in cos θ is even in area

    def distances(own, other):
        return np.abs(np.sqrt(own**2 + d**2 + 2 * own * d * cosine) - other)

    ours, theirs = distances(computed, seen), distances(seen, computed)
    areas = np.array([computed**2, seen**2])
    assert found["mean_surface_mm"] == pytest.approx(
        np.array([ours.mean(), theirs.mean()]) @ areas / areas.sum(), abs=0.01
    )
    assert found["hd95_mm"] == pytest.approx(max(np.percentile(ours, 95), np.percentile(theirs, 95)), abs=0.03)
    assert found["largest"]["mm"] == pytest.approx(max(ours.max(), theirs.max()), abs=0.02)


def test_the_furthest_place_says_which_body_reaches_further_and_where():
    simulated = ball((0, 0, 0), 15)
    found = measure_agreement(body((6, 0, 0), (18, 15, 15)), simulated, BOX)["largest"]
    assert (found["further"], found["mm"]) == ("observed", pytest.approx(9.0, abs=0.01))
    assert found["at_mm"] == pytest.approx([24, 0, 0], abs=0.6)
    found = measure_agreement(body((-6, 0, 0), (9, 14, 14)), simulated, BOX)["largest"]
    assert (found["further"], found["mm"]) == ("simulated", pytest.approx(12.0, abs=0.01))
    assert found["at_mm"] == pytest.approx([15, 0, 0], abs=0.6)


def test_an_ellipsoid_against_fine_voxels_of_another_library():
    """SimpleITK on 0.25 mm; its Hausdorff distance goes between voxels, so half of their diagonal is allowed."""
    seen, computed = ((3.0, -2.0, 1.0), (12.0, 9.0, 15.0)), ((0.0, 0.0, 0.0), (14.0, 10.0, 11.0))
    found = measure_agreement(body(*seen), body(*computed), BOX)
    step = 0.25
    z, y, x = np.mgrid[-18:18:step, -14:14:step, -18:18:step] + step / 2

    def voxels(center, radii):
        inside = sum(((p - c) / r) ** 2 for p, c, r in zip((x, y, z), center, radii, strict=True)) < 1
        image = sitk.GetImageFromArray(inside.astype(np.uint8))
        image.SetSpacing((step,) * 3)
        return image

    one, other = voxels(*seen), voxels(*computed)
    shares = sitk.LabelOverlapMeasuresImageFilter()
    shares.Execute(one, other)
    assert found["dice"] == pytest.approx(shares.GetDiceCoefficient(), abs=2e-3)
    furthest = sitk.HausdorffDistanceImageFilter()
    furthest.Execute(sitk.LabelContour(one), sitk.LabelContour(other))
    assert found["largest"]["mm"] == pytest.approx(furthest.GetHausdorffDistance(), abs=step * np.sqrt(3) / 2)
    assert found["mean_surface_mm"] == pytest.approx(furthest.GetAverageHausdorffDistance(), abs=0.2)


def test_what_lies_beyond_the_box_is_said_and_counted_apart():
    """Half of the observed ball lies beyond a face: the simulated one ends there and holds the other half."""
    box = Grid((60, 60, 30), MM, (-30 * MM, -30 * MM, -30 * MM))
    half = Mesh(*half_ball(12.0))
    found = measure_agreement(ball((0, 0, 0), 12), half, box)
    assert found["beyond_box_percent"] == pytest.approx(50, abs=0.5)
    assert found["beyond_box_cm3"] == pytest.approx(2 / 3 * np.pi * 1.2**3, rel=0.01)
    assert found["dice"] == pytest.approx(2 / 3, abs=5e-3)
    assert found["dice_in_box"] == pytest.approx(1.0, abs=5e-3)
    assert found["simulated_ends_at_box"]
    assert not measure_agreement(half, ball((0, 0, 0), 12), Grid((60, 60, 60), MM, (-30 * MM,) * 3))[
        "simulated_ends_at_box"
    ]


def half_ball(radius_mm):
    """The half of a ball with x ≤ 0, by pressing the other half flat."""
    whole = ball((0, 0, 0), radius_mm)
    points = whole.points.copy()
    points[:, 0] = np.minimum(points[:, 0], 0.0)
    return points, whole.faces


def test_large_triangles_change_nothing():
    """A cube of twelve triangles against a ball inside it: feet and shares of area are those of fine triangles."""
    corners = np.array([[x, y, z] for z in (-10, 10) for y in (-10, 10) for x in (-10, 10)], float) * MM
    faces = np.array([[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
                      [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]], np.int32)  # fmt: skip
    cube = Mesh(corners, faces)
    assert cube.volume() == pytest.approx((20 * MM) ** 3)
    found = apart(cube, ball((0, 0, 0), 6))
    grid = (np.arange(400) + 0.5) / 20 - 10
    u, v = np.meshgrid(grid, grid)
    assert found.mean / MM == pytest.approx(np.mean(np.sqrt(u**2 + v**2 + 100)) - 6, abs=0.01)
    assert found.away.max() / MM == pytest.approx(10 * np.sqrt(3) - 6, abs=0.01)
    back = apart(ball((0, 0, 0), 6), cube)
    assert -back.away.max() / MM == pytest.approx(4.0, abs=0.01)
    fine = even(cube.points, faces)
    assert fine.points.max() == pytest.approx(10 * MM)
    edges = np.sort(np.concatenate([fine.faces[:, [0, 1]], fine.faces[:, [1, 2]], fine.faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()  # as closed as before
    assert np.linalg.norm(np.diff(fine.points[edges], axis=1), axis=2).max() <= 1.5 * MM * (1 + 1e-6)
    assert Mesh(fine.points.astype(float), fine.faces).volume() == pytest.approx((20 * MM) ** 3, rel=1e-5)


def test_the_centroid_of_a_body_far_from_the_origin():
    far = body((200, -150, 80), (5, 9, 7))
    assert centroid(far.points, far.faces) / MM == pytest.approx([200, -150, 80], abs=1e-3)
