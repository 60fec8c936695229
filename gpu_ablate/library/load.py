"""The shipped tissues, devices, vessels, default limits and references, and how `like` is resolved."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from gpu_ablate.errors import SceneError
from gpu_ablate.physics.cryoprobe import FILM_PRESETS
from gpu_ablate.spec.base import Quantity, Table, quantities
from gpu_ablate.spec.device import (
    CRYO_KEYS,
    MICROWAVE_KEYS,
    CryoDevice,
    Device,
    DeviceEntry,
    FilmPreset,
    MicrowaveDevice,
)
from gpu_ablate.spec.limit import Limit
from gpu_ablate.spec.tissue import Tissue, TissueEntry
from gpu_ablate.spec.vessel import VesselKind
from gpu_ablate.units import perfusion_from_ml_min_kg

FOLDER = Path(__file__).parent
Entry = TypeVar("Entry", TissueEntry, DeviceEntry)

FILM_SOURCE = (
    "chosen between about 1200 W/m²K, which the ice of [littrup2009] asks for (fitted by eye), and 2e4 and more, which "
    "needle figures of planning tools [leochan2009] imply; as a law: [etheridge2013]; the largest unknown, calibrate it"
)
"""Of the film presets of cryoprobes."""


@cache
def tissues() -> dict[str, TissueEntry]:
    """All shipped tissues by name."""
    document = tomllib.loads((FOLDER / "tissues.toml").read_text(encoding="utf-8"))
    return {name: TissueEntry.model_validate(entry) for name, entry in document.items()}


@cache
def devices() -> dict[str, DeviceEntry]:
    """All shipped devices by name, the stem of their file."""
    return {
        path.stem: DeviceEntry.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted((FOLDER / "devices").glob("*.toml"))
    }


@cache
def vessels() -> dict[str, VesselKind]:
    """Kinds of vessels by name, the presets of a scene."""
    document = tomllib.loads((FOLDER / "vessels.toml").read_text(encoding="utf-8"))
    return {name: VesselKind.model_validate(entry) for name, entry in document.items()}


@cache
def default_limits() -> tuple[Limit, ...]:
    """Limits for skin and nerve that hold where a scene sets none."""
    document = tomllib.loads((FOLDER / "limits.toml").read_text(encoding="utf-8"))
    return tuple(Limit.model_validate(entry) for entry in document["limit"])


@cache
def bibliography() -> dict[str, str]:
    """Citation key -> BibTeX entry."""
    text = (FOLDER / "references.bib").read_text(encoding="utf-8")
    entries = re.finditer(r"^@\w+\{([^,]+),.*?^\}", text, flags=re.MULTILINE | re.DOTALL)
    return {entry.group(1): entry.group(0) for entry in entries}


def tissue(name: str, own: Mapping[str, TissueEntry] | None = None) -> Tissue:
    """The tissue of this name, from a scene's own tissues or the library.

    `like` is followed; a perfusion in mL/min/kg becomes one in 1/s with the tissue's own density.

    Raises
    ------
    SceneError
        Unknown name, `like` in a circle, or an incomplete tissue.
    """
    merged = _merge("tissue", name, own or {}, tissues(), _put_perfusion)
    rate = merged.pop("perfusion_ml_min_kg", None)
    density = merged.get("density_kg_m3")
    if isinstance(rate, Quantity) and isinstance(density, Quantity):
        merged["perfusion_1_s"] = _per_second(rate, density.value)
    return _complete("tissue", name, Tissue, merged)


def device(name: str, own: Mapping[str, DeviceEntry] | None = None) -> Device:
    """The device of this name, from a scene's own devices or the library, `like` followed.

    A cryoprobe's film preset becomes a number, with those of the other presets as its range.

    Raises
    ------
    SceneError
        Unknown name, `like` in a circle, an incomplete device, or a key that its kind has no use for.
    """
    merged = _merge("device", name, own or {}, devices(), _put_film)
    kind = merged.get("kind")
    if kind is None:
        remedy = 'write kind = "microwave" or "cryo", or start from a device with "like"'
        raise SceneError(f'device "{name}": lacks kind; {remedy}')
    others = [key for key in (CRYO_KEYS if kind == "microwave" else MICROWAVE_KEYS) if key in merged]
    if others:
        used = ", ".join(MICROWAVE_KEYS if kind == "microwave" else CRYO_KEYS)
        raise SceneError(
            f'device "{name}": has no use for {", ".join(others)}: it is of the kind "{kind}"\n'
            f"  remedy: remove it, or start with `like` from a device of the other kind; keys of this kind: {used}"
        )
    if kind == "microwave":
        return _complete("device", name, MicrowaveDevice, merged)
    preset = merged.pop("film_preset", "nominal")
    return _complete("device", name, CryoDevice, {"film_h_w_m2k": _film(preset), **merged})


def antenna(name: str, own: Mapping[str, DeviceEntry] | None = None) -> MicrowaveDevice:
    """The device of this name, which must be an antenna; see `device`.

    Raises
    ------
    SceneError
        As for `device`, or it is a cryoprobe.
    """
    found = device(name, own)
    if isinstance(found, CryoDevice):
        raise SceneError(
            f'device "{name}": is a cryoprobe where an antenna is needed\n  remedy: name one with kind = "microwave"'
        )
    return found


def cited_in(text: str) -> set[str]:
    """Keys of references.bib that a text names in square brackets."""
    return set(re.findall(r"\[([a-z][a-z0-9_]*)\]", text))


def citations_of(table: Table) -> set[str]:
    """Keys of references.bib that a table's sources name in square brackets."""
    sources = [quantity.source for _, quantity in quantities(table)]
    if isinstance(table, DeviceEntry):
        sources += [ring.source for ring in table.rings or ()]
    return {key for source in sources for key in cited_in(source)}


def _merge(
    kind: str,
    name: str,
    own: Mapping[str, Entry],
    library: Mapping[str, Entry],
    put: Callable[[dict[str, Any], dict[str, Any]], None],
) -> dict[str, Any]:
    """Keys of an entry on top of those it is `like`; an own entry may be `like` the library's of its name."""
    chain: list[Entry] = []
    used: list[str] = []
    current: str | None = name
    while current is not None:
        entry = own.get(current) if current not in used else None
        if entry is None and current in library and f"library {current}" not in used:
            entry = library[current]
            used.append(f"library {current}")
        elif entry is None and current in used:
            raise SceneError(f'{kind} "{name}": "like" goes in a circle: {" -> ".join([*used, current])}')
        elif entry is None:
            raise SceneError(f'{kind} "{current}" is not in the library')
        else:
            used.append(current)
        chain.append(entry)
        current = entry.like
    merged: dict[str, Any] = {}
    for entry in reversed(chain):
        put(merged, {key: getattr(entry, key) for key in entry.model_fields_set if key != "like"})
    return merged


def _put_perfusion(merged: dict[str, Any], changes: dict[str, Any]) -> None:
    """Lay changes over a tissue; a new perfusion in either unit replaces the old one and its presets."""
    if changes.get("perfusion_1_s") is not None or changes.get("perfusion_ml_min_kg") is not None:
        for key in ("perfusion_1_s", "perfusion_ml_min_kg", "perfusion_thermography_1_s"):
            merged.pop(key, None)
    merged.update(changes)


def _put_film(merged: dict[str, Any], changes: dict[str, Any]) -> None:
    """Lay changes over a device; a new film, as a preset or a number, replaces the old one."""
    if changes.get("film_preset") is not None or changes.get("film_h_w_m2k") is not None:
        for key in ("film_preset", "film_h_w_m2k"):
            merged.pop(key, None)
    merged.update(changes)


def _film(preset: FilmPreset) -> Quantity:
    """Heat transfer coefficient of a preset; its range spans the presets."""
    h = FILM_PRESETS.values()
    return Quantity(
        value=FILM_PRESETS[preset], low=min(h), high=max(h), source=f'film preset "{preset}": {FILM_SOURCE}'
    )


def _per_second(rate: Quantity, density_kg_m3: float) -> Quantity:
    def convert(value: float | None) -> float | None:
        return None if value is None else perfusion_from_ml_min_kg(value, density_kg_m3)

    source = f"{rate.source}, {rate.value:g} mL/min/kg"
    return Quantity(
        value=perfusion_from_ml_min_kg(rate.value, density_kg_m3),
        source=source,
        low=convert(rate.low),
        high=convert(rate.high),
    )


Ready = TypeVar("Ready", Tissue, MicrowaveDevice, CryoDevice)


def _complete(kind: str, name: str, model: type[Ready], merged: dict[str, Any]) -> Ready:
    try:
        return model.model_validate({"name": name, **merged})
    except ValidationError as error:
        found = error.errors()
        missing = [str(details["loc"][0]) for details in found if details["type"] == "missing"]
        texts = [_said(details) for details in found if details["type"] != "missing"]
        if missing:
            keys = ", ".join(missing)
            texts.append(f'lacks {keys}; give them, or start from one that has them with "like"')
        raise SceneError(f'{kind} "{name}": {"; ".join(texts)}') from error


def _said(details: Any) -> str:
    """What pydantic says of a key, or of the whole table."""
    return " ".join([*map(str, details["loc"][:1]), details["msg"].removeprefix("Value error, ")])
