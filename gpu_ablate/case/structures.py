"""Which regions are nerve, canal, vessel, bowel, joint or pleura, by their role, tissue and name."""

from __future__ import annotations

import re

from gpu_ablate.case.setup import Region

CANAL_TISSUES = ("spinal_cord", "csf", "epidural_fat")
CANAL = re.compile(r"canal|thecal|epidural|spinal[ _]cord|\bcord\b|cauda equina", re.IGNORECASE)
BOWEL = re.compile(
    r"\b(bowel|colon|duodenum|intestin|jejunum|ileum|rectum|sigmoid|stomach|o?esophagus|caecum|cecum)", re.IGNORECASE
)
JOINT = re.compile(r"\b(joint|growth[ _]plate|physis|articular[ _]cartilage|labrum)", re.IGNORECASE)


def is_vessel(region: Region) -> bool:
    """Whether blood flows in it."""
    return region.role == "vessel"


def is_nerve(region: Region) -> bool:
    """Whether it is a nerve, a root or the cord."""
    return region.role == "nerve" or region.tissue.startswith(("nerve", "spinal_cord"))


def is_canal(region: Region) -> bool:
    """Whether it lies in the spinal canal."""
    return region.tissue.startswith(CANAL_TISSUES) or CANAL.search(region.name) is not None


def is_pleura(region: Region) -> bool:
    """Whether it is pleura; lung stands for the pleura around it."""
    return region.tissue.startswith("lung") or "pleura" in region.name.lower()


def is_bowel(region: Region) -> bool:
    """Whether it is a hollow organ of the gut."""
    return region.phase != "gas" and BOWEL.search(region.name) is not None


def is_joint(region: Region) -> bool:
    """Whether it is a joint, its cartilage or a growth plate."""
    return region.tissue == "cartilage" or JOINT.search(region.name) is not None
