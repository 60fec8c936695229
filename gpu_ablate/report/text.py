"""Numbers, names and references as people read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.language import say
from gpu_ablate.outcome.perfusion import NONPERFUSED
from gpu_ablate.render.words import endpoint_words, plain

UNIT_SUFFIX = re.compile(r"_(?:w_mk|j_kgk|kg_m3|w_m3|j_m3|j_mol|1_s|1_k|mm|s|c|w|w_m2k|mhz)$")

UNITS = {
    "max_temperature_c": "°C",
    "min_temperature_c": "°C",
    "cem43_minutes": "min",
    "ice_contact_percent": "%",
    "min_distance_to_ice_mm": "mm",
}
"""Unit of the quantity of a limit; any other has none."""

DOSE_POWER = {"cem43_minutes": 4, "arrhenius": 3}
"""Doses above this power of ten say "certainly dead" and no more."""

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def measured(quantity: str, value: float | None) -> str:
    """The value of a limit with its unit; doses beyond what can be told apart as "> 10⁴ min"."""
    if value is None:
        return "–"
    unit = unit_of(quantity)
    power = DOSE_POWER.get(quantity)
    if power is not None and value > 10.0**power:
        return f"> 10{str(power).translate(RAISED)} {unit}".strip()
    return f"{number(value, 0 if value == round(value) else 2)} {unit}".strip()


def xyz_mm(point: Sequence[float]) -> str:
    """A place [mm]."""
    return f"({', '.join(number(p, 1) for p in point)}) mm"


def energy_words(key: str) -> str:
    """A term of the energy balance in words."""
    words = {
        "sources_j": say("from the sources"),
        "escaped_j": say("radiated but not taken up in the box (not part of the sum)"),
        "probes_j": say("taken or given by the needles' shafts"),
        "vessels_j": say("through vessel walls"),
        "skin_j": say("through the skin"),
        "boundary_j": say("through the faces of the box"),
        "infusion_j": say("brought by infused fluid"),
        "perfusion_j": say("brought by blood"),
        "metabolic_j": say("from metabolism"),
        "stored_j": say("stored in the tissue"),
    }
    return words.get(key, plain(key.removesuffix("_j")))


def joined(text: str) -> str:
    """The same text, never broken over two lines."""
    return text.replace(" ", "\u00a0")


def property_words(name: str, unit: str) -> str:
    """A property of a tissue or device with its unit, which its key holds too."""
    bare = UNIT_SUFFIX.sub("", name)
    frequency = re.fullmatch(r"(.*?)(?:_s_m)?_(\d{3,4})", bare)
    words = plain(bare)
    if frequency is not None:
        what = plain("electrical_conductivity" if "_s_m_" in name else frequency.group(1))
        words = say("{what} at {frequency}", what=what, frequency=joined(f"{frequency.group(2)} MHz"))
    return f"{words} [{joined(unit)}]" if unit else words


def quantity_words(quantity: str) -> str:
    """The quantity of a limit in words."""
    words = {
        "max_temperature_c": say("highest temperature"),
        "min_temperature_c": say("lowest temperature"),
        "cem43_minutes": say("thermal dose CEM43"),
        "ice_contact_percent": say("share that ice reached"),
        "min_distance_to_ice_mm": say("least distance from ice"),
        "arrhenius": say("Arrhenius damage"),
    }
    return words.get(quantity, plain(quantity))


def status_words(status: str) -> str:
    """The state of a limit."""
    return {"ok": say("ok"), "warning": say("warning"), "broken": say("broken")}[status]


def unit_of(quantity: str) -> str:
    """The unit of a limit's quantity."""
    return UNITS.get(quantity, "")


def zone_words(name: str, endpoint: Endpoint) -> str:
    """A zone of metrics.json in words, for example "above 43 °C at the end"."""
    if name == endpoint.name:
        return say("killed ({rule})", rule=endpoint_words(endpoint))
    if name == NONPERFUSED:
        return say("blood flow stopped")
    inset = re.fullmatch(r"ice_inset_(\d+)mm", name)
    if inset is not None:
        return say("ice, moved inwards by {mm} mm", mm=inset[1])
    found = re.fullmatch(r"(above|below)_(m?)(\d+)c(_now)?", name)
    if found is None:
        return plain(name)
    side, minus, degrees, now = found.groups()
    value = f"{'−' if minus else ''}{degrees} °C"
    if side == "above":
        return say("above {value} at the end", value=value) if now else say("ever above {value}", value=value)
    return say("below {value} at the end", value=value) if now else say("ever below {value}", value=value)


def reference(key: str, entry: str | None) -> str:
    """A BibTeX entry in one line of plain text; the key alone where the entry is missing."""
    if entry is None:
        return key
    author, title, year, doi = (_field(entry, name) for name in ("author", "title", "year", "doi"))
    author = author.replace(" and others", " et al.").replace(" and ", "; ")
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
    return without_latex(text)


ACCENTS = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
           "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "r": "\u030a"}  # fmt: skip
LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "aa": "å", "AA": "Å", "i": "ı"}


def without_latex(text: str) -> str:
    """Text of a BibTeX field as it is read: accents set, escapes, braces and line breaks gone."""
    text = re.sub(r"\\([\"'`^~=.])\s*\{?\\?([A-Za-z])\}?", _accented, text)
    text = re.sub(r"\\([cvuHr])(?:\s+|\s*\{)\\?([A-Za-z])\}?", _accented, text)
    text = re.sub(r"\\(ss|ae|AE|aa|AA|o|O|l|L|i)(?![A-Za-z])\s?", lambda found: LETTERS[found.group(1)], text)
    text = re.sub(r"\\([&%_#$])", r"\1", text)
    text = text.replace("{", "").replace("}", "").replace("---", "–").replace("--", "–").replace("~", " ")
    return re.sub(r"\s+", " ", text).strip()


def _accented(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", found.group(2) + ACCENTS[found.group(1)])
