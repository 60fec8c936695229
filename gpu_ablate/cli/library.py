"""`gpu-ablate library`: the shipped tissues and devices with the source of every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.text import NONE, table
from gpu_ablate.errors import SceneError

if TYPE_CHECKING:
    from gpu_ablate.spec.device import Device
    from gpu_ablate.spec.tissue import Tissue


def library(
    name: Annotated[str | None, typer.Argument(help="A tissue or device; without it all are listed.")] = None,
) -> None:
    """Print tissues and devices with their sources."""
    from gpu_ablate.library.load import device, devices, tissue, tissues
    from gpu_ablate.scene.problems import near_or_all

    if name is None:
        for title, entries in (("tissues", tissues()), ("devices", devices())):
            rows = [[key, entry.description or ""] for key, entry in entries.items()]
            typer.echo(table(title, ("name", "description"), rows))
        return
    found = [read(name) for names, read in ((tissues(), tissue), (devices(), device)) if name in names]
    if not found:
        remedy = near_or_all(name, [*tissues(), *devices()], "library")
        raise SceneError(f'"{name}" is neither a tissue nor a device of the library\n  {remedy}')
    for entry in found:
        typer.echo(describe(entry))


def describe(entry: Tissue | Device) -> str:
    """Every number of an entry with its range and source, then its choices."""
    from gpu_ablate.spec.base import quantities

    rows = []
    for key, quantity in quantities(entry):
        ends = [NONE if end is None else f"{end:g}" for end in (quantity.low, quantity.high)]
        rows.append([key, f"{quantity.value:g}", *ends, quantity.source])
    numbers = {row[0] for row in rows}
    choices = entry.model_dump(exclude_none=True, exclude={"name", "like", *numbers})
    lines = [f"  {key} = {_toml(value)}" for key, value in choices.items()]
    return "\n".join([table(entry.name, ("key", "value", "low", "high", "source"), rows), *lines])


def _toml(value: object) -> str:
    """A choice as a scene would write it."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(entry)}' for key, entry in value.items())} }}"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"
