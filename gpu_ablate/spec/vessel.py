"""What the library says of a kind of vessel."""

from __future__ import annotations

from typing import Annotated

from gpu_ablate.spec.base import AnyQuantity, Table, between


class VesselKind(Table):
    """A kind of vessel."""

    wall_h_w_m2k: Annotated[AnyQuantity, between(1, 1e5)]
    """Heat transfer coefficient between blood and wall."""
