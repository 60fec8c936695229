"""Coded words for zones and regions, as DICOM SEG and 3D Slicer want them.

Codes are those of SNOMED CT in DICOM PS3.16, CID 7150 (categories) and CID 7151, 7159 (types); SNOMED has none for an
isotherm, so these carry a private one (scheme 99GPUABLATE), as the standard allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpu_ablate.case.setup import Region
from gpu_ablate.scene.body import TO_KILL

PRIVATE = "99GPUABLATE"


@dataclass(frozen=True)
class Code:
    """A code, its scheme and its meaning (ASCII, 64 characters at most)."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Term:
    """What a segment is: category and type of its property."""

    category: Code
    type: Code


ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
SPATIAL = Code("309825002", "SCT", "Spatial and Relational Concept")
TISSUE = Code("85756007", "SCT", "Tissue")
NECROSIS = Code("6574001", "SCT", "Necrosis")
NEOPLASM = Code("108369006", "SCT", "Neoplasm")

LONGEST_VALUE, LONGEST_MEANING = 16, 64
"""Characters of a code and of its meaning in DICOM (VR SH and LO)."""


def zone_term(name: str, what: str, endpoint: bool) -> Term:
    """Of a zone: the endpoint's is necrosis, others a private code with their name in metrics.json."""
    if endpoint:
        return Term(ABNORMAL, NECROSIS)
    return Term(SPATIAL, Code(name[:LONGEST_VALUE], PRIVATE, what[:LONGEST_MEANING]))


def region_term(region: Region) -> Term:
    """Of a region: a target and involved skin are neoplasm, all else tissue."""
    return Term(ABNORMAL, NEOPLASM) if region.role in TO_KILL else Term(TISSUE, TISSUE)
