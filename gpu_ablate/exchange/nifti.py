"""A run as NIfTI images: fields, zones and anatomy, one file each."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gpu_ablate.exchange.content import Content, file_names
from gpu_ablate.exchange.files import Written
from gpu_ablate.geometry.image_files import write_image


def write_nifti(content: Content, folder: Path) -> Iterator[Written]:
    """Write the images into a folder, and tell of each file."""
    lattice = content.lattice
    for name, kind, values in content.fields(lattice):
        write_image(folder / f"{name}.nii.gz", values, lattice)
        yield Written(f"{name}.nii.gz", kind.what, kind.unit)
    names = file_names([zone.name for zone in content.zones])
    for zone in content.zones:
        made = content.zone_on(zone, lattice)
        file = f"zone_{names[zone.name]}.nii.gz"
        write_image(folder / file, made.mask.astype(np.uint8), lattice)
        yield Written(file, f"{zone.what}: 1 inside, 0 outside", "1", voxels=int(made.mask.sum()), whole=made.whole)
    write_image(folder / "regions.nii.gz", content.regions(lattice), lattice)
    yield Written("regions.nii.gz", "anatomy: number of the region (regions.csv); 0 beyond the box of the model", "1")
    with (folder / "regions.csv").open("w", encoding="utf-8", newline="") as file_:
        writer = csv.writer(file_, lineterminator="\n")
        writer.writerow(("label", "name", "role", "tissue", "phase"))
        for label, region in enumerate(content.setup.regions, start=1):
            writer.writerow((label, region.name, region.role, region.tissue, region.phase))
    yield Written("regions.csv", "names, roles and tissues of the labels of regions.nii.gz")
