"""What SimpleITK passes over in silence in the headers of NRRD and MetaImage: that they do not say where the voxels
lie in the body.

Sources of the fields: NRRD format (Kindlmann, teem), section 5; MetaIO tags (Kitware).
"""

from __future__ import annotations

import re
from pathlib import Path

from gpu_ablate.errors import SceneError

HEADER_BYTES = 1 << 20
"""A header is looked for in so much of a file."""

SPACES = (
    "left-posterior-superior", "lps", "right-anterior-superior", "ras", "left-anterior-superior", "las",
)  # fmt: skip
"""Values of `space` of NRRD that are axes of a patient."""

NRRD_NEEDED = ("space directions", "space origin")
META_NEEDED = {"spacing": ("elementspacing", "elementsize"), "origin": ("offset", "position", "origin")}


def check_text_header(path: Path) -> None:
    """Refuse a NRRD or MetaImage file that does not say where its voxels lie; what is neither is passed over.

    Raises
    ------
    SceneError
        It lacks spacing or origin, names no axes of a patient, or has a spacing that is not above 0.
    """
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES).decode("latin-1")
    if head.startswith("NRRD"):
        _check_nrrd(path, head)
    elif re.search("^ElementDataFile", head, re.MULTILINE):
        _check_meta(path, head)


def _check_nrrd(path: Path, whole: str) -> None:
    head = whole.replace("\r\n", "\n").partition("\n\n")[0]
    fields = {
        key.strip().lower(): value.strip() for key, value in re.findall(r"^([^:#\n]+): (.*)$", head, re.MULTILINE)
    }
    space = fields.get("space", "").strip('"').lower()
    missing = [name for name in NRRD_NEEDED if name not in fields]
    if space not in SPACES:
        missing.insert(0, f'space: "{space}" is no axes of a patient' if space else "space")
    if missing:
        raise SceneError(
            f"{path}: its header does not say where the voxels lie in the body ({', '.join(missing)})\n"
            "  remedy: export it with its orientation"
        )


def _check_meta(path: Path, whole: str) -> None:
    head = re.split(r"^ElementDataFile", whole, maxsplit=1, flags=re.MULTILINE)[0]
    fields = {key.lower(): value for key, value in re.findall(r"^ *(\w+) *= *(.*?) *$", head, re.MULTILINE)}
    missing = [what for what, names in META_NEEDED.items() if not any(name in fields for name in names)]
    if missing:
        raise SceneError(
            f"{path}: its header does not say where the voxels lie in the body ({', '.join(missing)})\n"
            "  remedy: export it with its spacing and origin"
        )
    spacing = fields.get("elementspacing", fields.get("elementsize", ""))
    if "-" in re.sub(r"[eE]-", "", spacing):  # SimpleITK drops the sign
        raise SceneError(f"{path}: the voxel spacing {spacing} mm in its header is not above 0\n  remedy: correct it")
