"""`gpu-ablate library`: the shipped tissues and devices with the source of every number, and pictures of antennas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.text import NONE, table
from gpu_ablate.errors import SceneError

if TYPE_CHECKING:
    from gpu_ablate.spec.device import Device, RingEntry
    from gpu_ablate.spec.tissue import Tissue

TABLE_TISSUES = ("breast_tumour", "breast_gland", "breast_fat", "liver")
"""Tissues for which it is said where an antenna's power goes."""

library = typer.Typer(invoke_without_command=True, help="List the shipped tissues and devices, or show one.")


@library.callback()
def names(context: typer.Context) -> None:
    """List the shipped tissues and devices; `show NAME` shows one."""
    from gpu_ablate.library.load import devices, tissues

    if context.invoked_subcommand is not None:
        return
    for title, entries in (("tissues", tissues()), ("devices", devices())):
        rows = [[key, entry.description or ""] for key, entry in entries.items()]
        typer.echo(table(title, ("name", "description"), rows))


@library.command()
def show(
    name: Annotated[str, typer.Argument(help="A tissue or device.")],
    out: Annotated[Path | None, typer.Option(help="Picture of a device; default NAME.png.")] = None,
    tissue: Annotated[str, typer.Option(help="Tissue in which the device's SAR is drawn.")] = "breast_tumour",
) -> None:
    """Print a tissue or device with value, range and source of each number; draw a device and its SAR."""
    from gpu_ablate.library import load
    from gpu_ablate.scene.problems import near_or_all

    found: list[Tissue | Device] = []
    if name in load.tissues():
        found.append(load.tissue(name))
    if name in load.devices():
        found.append(load.device(name))
    if not found:
        remedy = near_or_all(name, [*load.tissues(), *load.devices()], "library")
        raise SceneError(f'"{name}" is neither a tissue nor a device of the library\n  {remedy}')
    for entry in found:
        typer.echo(describe(entry))
    if name in load.devices():
        draw(load.device(name), tissue, out or Path(f"{name}.png"))


def draw(device: Device, tissue: str, path: Path) -> None:
    """Solve a device in the tissues of the table and in the one to draw; print the table and write the picture."""
    from gpu_ablate.case.antenna_powers import field_in, powers
    from gpu_ablate.case.antennas import SPACING, WINDOW, coaxial_antenna, discretised
    from gpu_ablate.library import load
    from gpu_ablate.render.antenna import draw_antenna
    from gpu_ablate.scene.problems import near_or_all

    if path.exists():
        raise SceneError(f"{path}: there is such a file\n  remedy: remove it, or name another with --out")
    if tissue not in load.tissues():
        raise SceneError(
            f'--tissue: "{tissue}" is not in the library\n  {near_or_all(tissue, load.tissues(), "tissue")}'
        )
    system = discretised(coaxial_antenna(device, WINDOW.end), SPACING)
    fields = {key: field_in(system, load.tissue(key)) for key in dict.fromkeys((tissue, *TABLE_TISSUES))}
    found = {key: powers(field, device.cable_efficiency.value) for key, field in fields.items()}
    rows = [
        [key, *(f"{100 * share:.1f}" for share in (p.cable, p.reflected, p.needle, p.absorbed, p.escaped, p.behind))]
        for key, p in found.items()
    ]
    header = ("tissue", "cable", "reflected", "needle", "absorbed", "escaped", "> 20 mm behind")
    typer.echo(table("where 1 W at the generator goes, and the share of the heat behind its centre [%]", header, rows))
    draw_antenna(device, load.tissue(tissue), fields[tissue], found, path)
    typer.echo(path)


def describe(entry: Tissue | Device) -> str:
    """Every number of an entry with its range and source, then its parts and its choices."""
    from gpu_ablate.spec.base import quantities

    rows = []
    for key, quantity in quantities(entry):
        ends = [NONE if end is None else f"{end:g}" for end in (quantity.low, quantity.high)]
        rows.append([key, f"{quantity.value:g}", *ends, quantity.source])
    numbers = {row[0] for row in rows}
    choices = entry.model_dump(exclude_none=True, exclude={"name", "like", "rings", *numbers})
    lines = [f"  {key} = {_toml(value)}" for key, value in choices.items()]
    parts = [_part(ring) for ring in getattr(entry, "rings", ())]
    header = ("part", "matter", "inner mm", "outer mm", "from mm", "to mm", "source")
    texts = [table(entry.name, ("key", "value", "low", "high", "source"), rows), table("rings", header, parts), *lines]
    return "\n".join(text for text in texts if text)


def _part(ring: RingEntry) -> list[str]:
    """A ring as a row: metal, or its permittivity and conductivity [S/m]."""
    loss = f", σ {ring.conductivity_s_m:g} S/m" if ring.conductivity_s_m else ""
    matter = "metal" if ring.conductor else f"ε {ring.relative_permittivity:g}{loss}"
    end = NONE if ring.to_mm is None else f"{ring.to_mm:g}"
    return [ring.name, matter, f"{ring.inner_mm:g}", f"{ring.outer_mm:g}", f"{ring.from_mm:g}", end, ring.source]


def _toml(value: object) -> str:
    """A choice as a scene would write it."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(entry)}' for key, entry in value.items())} }}"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"
