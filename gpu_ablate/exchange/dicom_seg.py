"""Zones and targets of a run as a DICOM segmentation, BINARY, with all frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gpu_ablate.colours import rgb
from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.dicom_headers import (
    MAKER,
    SERIES_NUMBERS,
    equipment,
    highdicom_module,
    marked,
    new_uid,
    unwarned,
)
from gpu_ablate.exchange.masks import Voxelised
from gpu_ablate.exchange.terms import LONGEST_MEANING, PRIVATE, Code, Term, region_term, zone_term
from gpu_ablate.result.provenance import package_version
from gpu_ablate.scene.body import TO_KILL
from gpu_ablate.units import MM

REFERENCES = ("ReferencedSeriesSequence", "StudiesContainingOtherReferencedInstancesSequence", "SourceImageSequence")
FRAME_REFERENCES = ("DerivationImageSequence",)


@dataclass(frozen=True, eq=False)
class Segmented:
    """The file, what its segments are called, and whether all of each lies in the image."""

    dataset: Any
    labels: list[str]
    whole: bool


def segmentation(content: Content, headers: list[Any]) -> Segmented | None:
    """The segmentation on the planes of `headers`; None where there is neither a zone nor a target.

    Without a patient to keep it refers to no image.
    """
    highdicom = highdicom_module()
    made: list[tuple[str, Term, str, Voxelised]] = []
    for number, zone in enumerate(content.zones):
        term = zone_term(zone.name, zone.what, number == 0)
        made.append((zone.name, term, zone.colour, content.zone_on(zone, content.lattice)))
    for solid in content.solids:
        if solid.region.role in TO_KILL:
            found = content.solid_on(solid, content.lattice)
            made.append((solid.region.name, region_term(solid.region), solid.colour, found))
    made = [one for one in made if one[3].mask.any()]
    if not made:
        return None
    spacing = np.linalg.norm(content.lattice.axes, axis=0) / MM
    measures = highdicom.PixelMeasuresSequence(
        pixel_spacing=[float(v) for v in headers[0].PixelSpacing],
        slice_thickness=float(spacing[2]),
        spacing_between_slices=float(spacing[2]),
    )
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=MAKER, version=package_version(MAKER), family=_coded(Code("bioheat", PRIVATE, "Bioheat simulation"))
    )
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name.replace("\\", "/")[:LONGEST_MEANING],  # a backslash parts values
            segmented_property_category=_coded(term.category),
            segmented_property_type=_coded(term.type),
            algorithm_type="AUTOMATIC",
            algorithm_identification=algorithm,
            display_color=highdicom.color.CIELabColor.from_rgb(*(round(255 * part) for part in rgb(colour))),
        )
        for number, (name, term, colour, _) in enumerate(made, start=1)
    ]
    with unwarned():
        dataset = highdicom.seg.Segmentation(
            source_images=headers,
            pixel_array=np.stack([one[3].mask for one in made], axis=-1).astype(np.uint8),
            segmentation_type="BINARY",
            segment_descriptions=descriptions,
            series_instance_uid=new_uid(),
            series_number=SERIES_NUMBERS["SEG"],
            sop_instance_uid=new_uid(),
            instance_number=1,
            pixel_measures=measures,
            omit_empty_frames=False,
            content_label="ABLATION",
            content_description="Simulated ablation zones",
            series_description="gpu-ablate: simulated zones",
            coding_schemes=[
                highdicom.coding_schemes.CodingSchemeIdentificationItem(
                    designator=PRIVATE, name="gpu-ablate, private codes"
                )
            ],
            **equipment(),
        )
    if not content.keep_patient:
        for name in REFERENCES:
            dataset.pop(name, None)
        for frame in (*dataset.PerFrameFunctionalGroupsSequence, *dataset.SharedFunctionalGroupsSequence):
            for name in FRAME_REFERENCES:
                frame.pop(name, None)
    labels = [f"{number} {name}" for number, (name, *_) in enumerate(made, start=1)]
    return Segmented(marked(dataset, content), labels, all(one[3].whole for one in made))


def _coded(code: Code) -> Any:
    from pydicom.sr.coding import Code as Coded

    return Coded(code.value, code.scheme, code.meaning)
