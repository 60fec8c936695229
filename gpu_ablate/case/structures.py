"""Which regions are nerve, canal, vessel, bowel, joint or pleura, by their role, tissue and name."""

from __future__ import annotations

import re

from gpu_ablate.case.setup import Region

CANAL_TISSUES = ("spinal_cord", "csf", "epidural_fat")
CANAL = re.compile(
    r"^(spinal |vertebral |lumbar |thoracic |cervical |sacral )?(canal|cord)\b|\b(spinal|vertebral) (canal|cord)\b"
    r"|\bthecal|\bdural sac|\bepidural|\bcauda equina",
    re.IGNORECASE,
)
BOWEL = re.compile(
    r"\b(bowel|colon|duodenum|intestin|jejunum|ileum|rectum|sigmoid|stomach|o?esophagus|caecum|cecum)", re.IGNORECASE
)
JOINT = re.compile(r"\b(joint|growth plate|physis|articular cartilage|labrum)", re.IGNORECASE)
"""Names, with blanks between their words."""


def is_named(words: re.Pattern[str], name: str) -> bool:
    """Whether a name holds such words; segmentation programs write small_bowel for small bowel."""
    return words.search(name.replace("_", " ")) is not None


def is_vessel(region: Region) -> bool:
    """Whether blood flows in it."""
    return region.role == "vessel"


def is_nerve(region: Region) -> bool:
    """Whether it is a nerve, a root or the cord."""
    return region.role == "nerve" or region.tissue.startswith(("nerve", "spinal_cord"))


def is_canal(region: Region) -> bool:
    """Whether it lies in the spinal canal."""
    return region.tissue.startswith(CANAL_TISSUES) or is_named(CANAL, region.name)


def is_pleura(region: Region) -> bool:
    """Whether it is pleura; lung stands for the pleura around it."""
    return region.tissue.startswith("lung") or "pleura" in region.name.lower()


def is_bowel(region: Region) -> bool:
    """Whether it is a hollow organ of the gut."""
    return region.phase != "gas" and is_named(BOWEL, region.name)


def is_joint(region: Region) -> bool:
    """Whether it is a joint, its cartilage or a growth plate."""
    return region.tissue == "cartilage" or is_named(JOINT, region.name)
