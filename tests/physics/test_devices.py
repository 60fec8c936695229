"""The antennas of the library: what they reflect, lose and send up their shaft, and that their grid is fine enough."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from gpu_ablate.case.antenna_powers import enclosing, field_in, heat_centre, powers
from gpu_ablate.case.antennas import SPACING, WINDOW, coaxial_antenna, discretised
from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.physics.dielectric import drying_conductivity, drying_permittivity
from gpu_ablate.physics.maxwell import AntennaField, solve
from gpu_ablate.physics.maxwell_geometry import Spacing, complex_permittivity
from gpu_ablate.spec.base import Quantity
from gpu_ablate.spec.tissue import Tissue
from gpu_ablate.units import MM

ANTENNAS = [name for name, entry in library.devices().items() if entry.kind == "microwave"]
SLOT = "microwave_slot_2450"
COOLED = ("microwave_2450_15g", "microwave_2450_16g", "microwave_915_14g")
COAGULATED = "liver at 90 °C"
WATERY = ("breast_tumour", "breast_gland", "liver")
FINER = Spacing(0.02e-3)


def tissue(name: str) -> Tissue:
    """A tissue of the library, or liver that has been heated to 90 °C."""
    if name != COAGULATED:
        return library.tissue(name)
    liver = library.tissue("liver")
    changed = {}
    for band in ("2450", "915"):
        permittivity, conductivity = f"relative_permittivity_{band}", f"conductivity_s_m_{band}"
        changed[permittivity] = Quantity(value=float(drying_permittivity(90.0, getattr(liver, permittivity).value)))
        changed[conductivity] = Quantity(value=float(drying_conductivity(90.0, getattr(liver, conductivity).value)))
    return liver.model_copy(update=changed)


@cache
def field(device: str, name: str, spacing: Spacing = SPACING) -> AntennaField:
    return field_in(discretised(coaxial_antenna(library.antenna(device), WINDOW.end), spacing), tissue(name))


def behind(device: str, name: str) -> float:
    """Share of the heat more than 20 mm behind its centre."""
    return powers(field(device, name), 1.0).behind


@pytest.mark.parametrize("name", [*WATERY, "breast_fat", COAGULATED])
@pytest.mark.parametrize("device", ANTENNAS)
def test_each_watt_is_accounted_for(device: str, name: str) -> None:
    assert abs(field(device, name).imbalance) < 1e-6
    found = powers(field(device, name), 0.8)
    total = found.cable + found.reflected + found.needle + found.absorbed + found.escaped
    assert total == pytest.approx(1.0, abs=1e-6)
    assert min(found.reflected, found.absorbed, found.escaped) > 0.0


@pytest.mark.parametrize("device", ANTENNAS)
def test_reflections(device: str) -> None:
    """Little in watery tissue, hardly more when it has coagulated; bearable in fat."""
    assert max(field(device, name).reflected for name in WATERY) < 0.1
    assert field(device, COAGULATED).reflected < 0.12
    assert field(device, "breast_fat").reflected < 0.21


@pytest.mark.parametrize("thickness_mm", [0.5, 1, 2, 3, 4, 6])
@pytest.mark.parametrize("device", COOLED[:2])
def test_tissue_that_dries_beside_the_needle_hardly_matters(device: str, thickness_mm: float) -> None:
    """Liver with a layer at 130 °C, 16 mm long, ends rounded: the antenna stays matched, thanks to its cover."""
    entry, liver = library.antenna(device), library.tissue("liver")
    system = discretised(coaxial_antenna(entry, WINDOW.end), SPACING)
    r, z = np.meshgrid(system.grid.radii, system.grid.heights)
    beside = np.maximum(r - 0.5 * entry.shaft_diameter_mm.value * MM, 0.0)
    beyond = np.maximum(np.abs(z - entry.emission_offset_mm.value * MM) - 8.0 * MM, 0.0)
    celsius = np.where(np.hypot(beside, beyond) < thickness_mm * MM, 130.0, 37.0)
    values = liver.dielectric(entry.frequency_mhz.value)
    assert values is not None
    epsilon, sigma = drying_permittivity(celsius, values[0]), drying_conductivity(celsius, values[1])
    assert solve(system, complex_permittivity(epsilon, sigma, system.antenna.frequency)).reflected < 0.08


@pytest.mark.parametrize("device", COOLED)
def test_chokes_keep_power_off_the_shaft(device: str) -> None:
    """Far less than without a choke; more at 915 MHz, whose waves are more than twice as long."""
    share = 0.04 if device == "microwave_915_14g" else 0.03
    for name in WATERY:
        assert behind(device, name) < share
        assert behind(device, name) < 0.4 * behind(SLOT, name)
    assert behind(device, "breast_fat") < behind(SLOT, "breast_fat")
    assert behind(device, COAGULATED) < behind(SLOT, COAGULATED)


@pytest.mark.parametrize("name", ["breast_tumour", "breast_fat"])
@pytest.mark.parametrize("device", ANTENNAS)
def test_the_grid_is_fine_enough(device: str, name: str) -> None:
    """Absorbed power to 1 %, |Γ|² to 0.003, |E|² at 1 mm and more from the needle to 3 % of a finer grid."""
    coarse, fine = field(device, name), field(device, name, FINER)
    assert coarse.in_medium.sum() == pytest.approx(fine.in_medium.sum(), rel=0.01)
    assert coarse.reflected == pytest.approx(fine.reflected, abs=0.003)
    assert powers(coarse, 1.0).behind == pytest.approx(powers(fine, 1.0).behind, abs=0.003)
    radius = 0.5 * library.antenna(device).shaft_diameter_mm.value * MM
    z, r = np.meshgrid(np.arange(-15, 45, 1.0) * MM, radius + np.array([1.0, 1.5, 2.5, 5.0, 10.0, 20.0]) * MM)
    seen = [
        RegularGridInterpolator((f.grid.heights, f.grid.radii[f.grid.radii > radius]),
                                np.log(f.half_square[:, f.grid.radii > radius]))((z, r))
        for f in (coarse, fine)
    ]  # fmt: skip
    strong = seen[1] > seen[1].max() - np.log(1000.0)
    assert np.abs(seen[0] - seen[1])[strong].max() < 0.03


@pytest.mark.parametrize("device", ANTENNAS)
def test_stations_speak_of_the_heat_centre(device: str) -> None:
    offset = library.antenna(device).emission_offset_mm.value
    assert offset == pytest.approx(heat_centre(field(device, "breast_tumour")) / MM, abs=0.25)


@pytest.mark.parametrize("device", ANTENNAS)
def test_rings_lie_in_the_shaft(device: str) -> None:
    entry = library.antenna(device)
    coaxial = coaxial_antenna(entry, WINDOW.end)
    assert max(ring.outer for ring in coaxial.rings) == pytest.approx(0.5 * entry.shaft_diameter_mm.value * MM)
    thin = entry.model_copy(update={"shaft_diameter_mm": Quantity(value=0.9 * entry.shaft_diameter_mm.value)})
    with pytest.raises(SceneError, match="beyond the shaft"):
        coaxial_antenna(thin, WINDOW.end)


@pytest.mark.parametrize("device", COOLED)
def test_no_field_in_the_water_behind_the_choke(device: str) -> None:
    assert field(device, "breast_tumour").absorbed_in["water"] < 1e-6


def test_the_heat_centre_halves_the_power_beside_the_axis() -> None:
    found = field(SLOT, "liver")
    taken = found.in_medium[:, found.grid.radii < 10 * MM].sum(axis=1)
    row = int(np.searchsorted(found.grid.z, heat_centre(found)))
    assert taken[: row - 1].sum() < 0.5 * taken.sum() < taken[: row + 1].sum()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_contour_encloses_its_share(share: float) -> None:
    found = field(SLOT, "liver")
    inside = found.in_medium / found.grid.volumes >= enclosing(found, share)
    assert found.in_medium[inside].sum() / found.in_medium.sum() == pytest.approx(share, abs=0.005)


def test_a_tissue_without_values_is_refused() -> None:
    with pytest.raises(SceneError, match="no dielectric values at 2450 MHz"):
        field_in(discretised(coaxial_antenna(library.antenna(SLOT), WINDOW.end), SPACING), library.tissue("air"))
