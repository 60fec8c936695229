"""Where an earlier run ended, for a second stage that begins there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import Anatomy
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.schema import Scene
from gpu_ablate.units import MM

FINAL = "final_"
"""What precedes the name of a history field at the end of a run, in result.vtkhdf."""


@dataclass(frozen=True)
class Earlier:
    """The end of an earlier run on the grid of a case; each cell has what lay at its centre.

    temperature_c : (nz, ny, nx) [°C]
    remembered : see `Case.remembered`
    same_matter : cells that hold the tissue that they held then
    """

    temperature_c: NDArray[np.float32]
    remembered: dict[str, NDArray[np.float32]]
    same_matter: NDArray[np.bool_]
    note: str

    @property
    def span_c(self) -> tuple[float, float]:
        """Coldest and hottest tissue that goes on [°C]; nothing, inf and -inf, where none does."""
        found = self.temperature_c[self.same_matter]
        return float(found.min(initial=np.inf)), float(found.max(initial=-np.inf))


def read_earlier(scene: Scene, anatomy: Anatomy) -> Earlier:
    """The end of the run that a scene names as [initial] from_run.

    Where the tissue is another now (a pocket of gas that shrank, cement), matter is new: it remembers nothing, and its
    temperature is for the scene to say.

    Raises
    ------
    SceneError
        The run cannot be read, did not end, does not cover the box, or layers move tissue that they did not move then.
    """
    assert scene.initial.earlier_file is not None
    path = scene.folder / scene.initial.earlier_file
    try:
        with h5py.File(path, "r") as file:
            own, image = file["gpu_ablate"], file["VTKHDF"]
            if own.attrs["status"] != "done":
                raise _error(scene, f"the run {own.attrs['status']}", "end it (`gpu-ablate resume`), or run it again")
            setup = json.loads(own["setup"].asstr()[()])
            _require_same_layers(scene, [layer["name"] for layer in setup["isolation"]])
            at = _cells_at(scene, anatomy, image)
            fields = image["CellData"]
            tissues = np.array([region["tissue"] for region in setup["regions"]])[_end_of(fields["labels"])][at]
            now = np.array([region.tissue for region in anatomy.regions])[anatomy.labels]
            phases = {region["tissue"]: region["phase"] for region in setup["regions"]}
            solved = np.isin(tissues, [name for name, phase in phases.items() if phase != "gas"])
            same = (tissues == now) & solved
            remembered = {
                name.removeprefix(FINAL): np.where(same, _end_of(fields[name])[at], np.float32(np.nan))
                for name in fields
                if name.startswith(FINAL)
            }
            temperature = _end_of(fields["temperature"])[at]
            seconds = json.loads(own["run"].asstr()[()])["simulated_s"]
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _error(scene, f"cannot be read ({error})", "run that scene again") from error
    changed = 100.0 * float((~same & np.isin(now, _solved_now(anatomy))).mean())
    note = (
        f"A second stage: it begins where the run of {setup['name']} ended after {seconds:g} s. Times begin anew; what "
        f"tissue has lived through goes on, {changed:.2g} % of the box holds new matter."
    )
    return Earlier(temperature, remembered, same, note)


def _solved_now(anatomy: Anatomy) -> list[str]:
    return [region.tissue for region in anatomy.regions if region.phase != "gas"]


def _end_of(volume: h5py.Dataset) -> NDArray[Any]:
    """A field (nz, ny, nx) at the last time."""
    values: NDArray[Any] = volume[-1] if volume.ndim == 4 else volume[...]
    return values


def _cells_at(scene: Scene, anatomy: Anatomy, image: h5py.Group) -> tuple[NDArray[np.intp], ...]:
    """Indices (z, y, x) of the run's cells at the centres of the grid's, to index a field with."""
    spacing, origin = float(image.attrs["Spacing"][0]) * MM, np.asarray(image.attrs["Origin"]) * MM
    counts = np.asarray(image.attrs["WholeExtent"])[1::2]
    found = []
    for axis, start, count in zip(anatomy.grid.axes(), origin, counts, strict=True):
        index = np.floor((axis - start) / spacing).astype(np.intp)
        if index[0] < 0 or index[-1] >= count:
            raise _error(scene, "does not cover the whole box", "give [domain] the box of that run, or a smaller one")
        found.append(index)
    return np.ix_(*found[::-1])


def _require_same_layers(scene: Scene, before: list[str]) -> None:
    moving = [layer.region for layer in scene.isolation if layer.displaces != "none"]
    if other := {*moving} ^ {*before}:
        raise _error(
            scene,
            f'the layer "{sorted(other)[0]}" moves tissue in one of both stages only; what tissue remembers cannot '
            "move with it",
            'have it in both, or write displaces = "none"',
        )


def _error(scene: Scene, what: str, remedy: str) -> SceneError:
    return SceneError(f"{scene.path}: [initial] from_run {scene.initial.from_run}: {what}\n  remedy: {remedy}")
