"""Numbers, names and references as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.render.words import endpoint_words

ENERGY = {
    "sources_j": "from the sources",
    "escaped_j": "radiated but not taken up in the box (not part of the sum)",
    "probes_j": "taken or given by the needles' shafts",
    "vessels_j": "through vessel walls",
    "skin_j": "through the skin",
    "boundary_j": "through the faces of the box",
    "infusion_j": "brought by infused fluid",
    "perfusion_j": "brought by blood",
    "metabolic_j": "from metabolism",
    "stored_j": "stored in the tissue",
}

UNIT_SUFFIX = re.compile(r"_(?:w_mk|j_kgk|kg_m3|w_m3|j_m3|j_mol|1_s|1_k|mm|s|c|w|w_m2k|ml_min_kg)$")

QUANTITY = {
    "max_temperature_c": ("highest temperature", "°C"),
    "min_temperature_c": ("lowest temperature", "°C"),
    "cem43_minutes": ("thermal dose CEM43", "min"),
    "arrhenius": ("Arrhenius damage", ""),
}


def number(value: float | None, decimals: int) -> str:
    """A number with so many decimals and a real minus sign; a dash for None."""
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def percent(value: float) -> str:
    """A share, never rounded up to 100 %."""
    text = f"{value:.1f}"
    return "> 99.9 %" if text == "100.0" and value < 100.0 else f"{text} %"


def span(start_s: float, end_s: float) -> str:
    """From when to when [s]."""
    return f"{start_s:.0f}" if start_s == end_s else f"{start_s:.0f}–{end_s:.0f}"


def xyz_mm(point: Sequence[float]) -> str:
    """A place [mm]."""
    return f"({', '.join(number(p, 1) for p in point)}) mm"


def energy_words(key: str) -> str:
    """A term of the energy balance in words."""
    return ENERGY.get(key, key.removesuffix("_j").replace("_", " "))


def joined(text: str) -> str:
    """The same text, never broken over two lines."""
    return text.replace(" ", "\u00a0")


def property_words(name: str) -> str:
    """A property of a tissue or device without the unit in its key, which has its own column."""
    bare = UNIT_SUFFIX.sub("", name)
    frequency = re.fullmatch(r"(.*?)(?:_s_m)?_(\d{3,4})", bare)
    if frequency is not None:
        words = "electrical conductivity" if "_s_m_" in name else frequency.group(1).replace("_", " ")
        return f"{words} at {joined(frequency.group(2) + ' MHz')}"
    return bare.replace("_", " ")


def quantity_words(quantity: str) -> str:
    """The quantity of a limit in words."""
    return QUANTITY.get(quantity, (quantity.replace("_", " "), ""))[0]


def unit_of(quantity: str) -> str:
    """The unit of a limit's quantity."""
    return QUANTITY.get(quantity, ("", ""))[1]


def zone_words(name: str, endpoint: Endpoint) -> str:
    """A zone of metrics.json in words, for example "above 43 °C at the end"."""
    if name == endpoint.name:
        return f"killed ({endpoint_words(endpoint)})"
    found = re.fullmatch(r"(above|below)_(m?)(\d+)c(_now)?", name)
    if found is None:
        return name.replace("_", " ")
    side, minus, degrees, now = found.groups()
    value = f"{'−' if minus else ''}{degrees} °C"
    return f"{side} {value} at the end" if now else f"ever {side} {value}"


def reference(key: str, entry: str | None) -> str:
    """A BibTeX entry in one line of plain text; the key alone where the entry is missing."""
    if entry is None:
        return key
    author, title, year, doi = (_field(entry, name) for name in ("author", "title", "year", "doi"))
    published = _field(entry, "journal") or _field(entry, "howpublished") or _field(entry, "publisher")
    place = ":".join(filter(None, (_field(entry, "volume"), _field(entry, "pages"))))
    dated = "; ".join(filter(None, (year, place)))
    line = ". ".join(part.rstrip(".") for part in (author, title, published, dated) if part)
    return f"[{key}] {line}." + (f" doi {doi}" if doi else "")


def _field(entry: str, name: str) -> str:
    """A field of a BibTeX entry without its braces; empty where it is missing."""
    braces, quotes = r"\{((?:[^{}]|\{[^{}]*\})*)\}", r"\"([^\"]*)\""
    found = re.search(rf"\b{name}\s*=\s*(?:{braces}|{quotes}|(\d+))", entry, re.IGNORECASE)
    if found is None:
        return ""
    text = next(group for group in found.groups() if group is not None)
    return re.sub(r"\s+", " ", text.replace("{", "").replace("}", "").replace("--", "–")).strip()
