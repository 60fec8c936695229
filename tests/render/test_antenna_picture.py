"""The picture of a library antenna: its parts and its SAR in their colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from gpu_ablate.case.antenna_powers import field_in, powers
from gpu_ablate.case.antennas import WINDOW, coaxial_antenna, discretised
from gpu_ablate.library import load as library
from gpu_ablate.physics.maxwell_geometry import Spacing
from gpu_ablate.render import style
from gpu_ablate.render.antenna import HEAT, draw_antenna
from gpu_ablate.spec.base import Quantity
from gpu_ablate.spec.device import MicrowaveDevice

COARSE = Spacing(0.1e-3, 1.5, 2e-3)


def picture(device: MicrowaveDevice, path: Path) -> NDArray[np.int64]:
    """Pixels (rows, columns, 3) of a device's picture in liver."""
    liver = library.tissue("liver")
    field = field_in(discretised(coaxial_antenna(device, WINDOW.end), COARSE), liver)
    draw_antenna(device, liver, field, {"liver": powers(field, device.cable_efficiency.value)}, path)
    return np.asarray(Image.open(path).convert("RGB")).astype(np.int64)


def pixels(image: NDArray[np.int64], colour: str) -> NDArray[np.bool_]:
    """Where a picture (rows, columns, 3) has a colour (rows, columns)."""
    return np.abs(image - 255 * np.array(to_rgb(colour))).max(axis=2) <= 1.0


@pytest.mark.parametrize(("name", "cooled"), [("microwave_2450_16g", True), ("microwave_slot_2450", False)])
def test_water_is_drawn_where_there_is_some(name: str, cooled: bool, tmp_path: Path) -> None:
    assert (pixels(picture(library.antenna(name), tmp_path / "needle.png"), style.FLUID).sum() > 1000) == cooled


def test_weak_and_strong_heat_have_their_colours(tmp_path: Path) -> None:
    """In liver all steps of the SAR are there; the weakest takes more room than the strongest."""
    image = picture(library.antenna("microwave_2450_16g"), tmp_path / "needle.png")
    rooms = [pixels(image, colour).sum() for colour in HEAT]
    assert min(rooms) > 100
    assert rooms[0] > 10 * rooms[-1]


def test_a_lossy_cable_leaves_less_heat(tmp_path: Path) -> None:
    device = library.antenna("microwave_slot_2450")
    lossy = device.model_copy(update={"cable_efficiency": Quantity(value=0.5)})
    rooms = [
        sum(pixels(picture(made, tmp_path / f"{i}.png"), colour).sum() for colour in HEAT)
        for i, made in enumerate((device, lossy))
    ]
    assert rooms[1] < 0.9 * rooms[0]
