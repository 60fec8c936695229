"""NRRD files with fields of their own, as 3D Slicer's segmentations need (ITK writes no list of layers).

Source of the format: Kindlmann, "Definition of NRRD File Format", teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.geometry.images import Lattice
from gpu_ablate.units import MM

TYPES = {"uint8": "uint8", "uint16": "uint16"}

PACKING = 6
"""Of gzip: small masks without much waiting."""


def write_nrrd(path: Path, values: NDArray[Any], lattice: Lattice, fields: Mapping[str, str]) -> None:
    """Write labels (nz, ny, nx), or layers of them (nz, ny, nx, layers), with key-value pairs.

    Numbers are written with all their digits, so that voxels lie exactly where they do.
    """
    layers = values.shape[3:]
    vectors = ["none"] * len(layers) + [_vector(column / MM) for column in lattice.axes.T]
    sizes = [*layers, *(str(size) for size in lattice.size)]
    header = {
        "type": TYPES[values.dtype.name],
        "dimension": str(values.ndim),
        "space": "left-posterior-superior",
        "sizes": " ".join(str(size) for size in sizes),
        "space directions": " ".join(vectors),
        "kinds": " ".join(["list"] * len(layers) + ["domain"] * 3),
        "endian": "little",
        "encoding": "gzip",
        "space origin": _vector(lattice.origin / MM),
    }
    lines = ["NRRD0004", *(f"{key}: {value}" for key, value in header.items())]
    lines += [f"{key}:={_one_line(value)}" for key, value in fields.items()]
    with path.open("wb") as file:
        file.write(("\n".join(lines) + "\n\n").encode())
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=PACKING, mtime=0) as packed:
            packed.write(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)


def _vector(vector: NDArray[np.float64]) -> str:
    return "(" + ",".join(repr(float(number)) for number in vector) + ")"


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
