"""`gpu-ablate library`: the shipped tissues and devices with the source of every number, pictures of antennas, the time
course of cryoprobes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.fit import fit
from gpu_ablate.cli.text import NONE, table
from gpu_ablate.errors import SceneError

if TYPE_CHECKING:
    from gpu_ablate.spec.device import CryoDevice, Device, MicrowaveDevice, RingEntry
    from gpu_ablate.spec.tissue import Tissue

TABLE_TISSUES = ("breast_tumour", "breast_gland", "breast_fat", "liver")
"""Tissues for which it is said where an antenna's power goes."""

OUTPUTS = (1.0, 0.7, 0.5, 0.2)
"""Outputs for which the film of a cryoprobe is told."""

NEAR_K = 10.0
"""A cryogen as near as this to its final temperature counts as saturated [K]."""

WATTS = (10.0, 20.0, 30.0)
"""Heat drawn for which the wall's temperature is told [W]."""

library = typer.Typer(invoke_without_command=True, help="List the shipped tissues and devices, or show one.")
library.command()(fit)


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
    out: Annotated[Path | None, typer.Option(help="Picture of an antenna; default NAME.png.")] = None,
    tissue: Annotated[str, typer.Option(help="Tissue in which the antenna's SAR is drawn.")] = "breast_tumour",
) -> None:
    """Print a tissue or device with value, range and source of each number; an antenna is drawn with its SAR."""
    from gpu_ablate.library import load
    from gpu_ablate.scene.problems import near_or_all
    from gpu_ablate.spec.device import CryoDevice, MicrowaveDevice

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
        if isinstance(entry, CryoDevice):
            typer.echo(cold(entry))
        if isinstance(entry, MicrowaveDevice):
            draw(entry, tissue, out or Path(f"{name}.png"))


def cold(device: CryoDevice) -> str:
    """The cryogen over time when it freezes from 37 °C, and the film by output, as tables."""
    from math import pi

    from gpu_ablate.physics.cryoprobe import cryogen_temperature, film, time_to_reach, wall_temperature
    from gpu_ablate.units import BODY_C, MM

    target, tau = device.freeze_temperature_c.value, device.freeze_time_constant_s.value
    times = (0, 15, 30, 45, 60, 90, 120, 180, 300)
    course = [[f"{time}", f"{cryogen_temperature(BODY_C, target, tau, time):.0f}"] for time in times]
    area = pi * device.shaft_diameter_mm.value * device.active_length_mm.value * MM**2
    films = [
        [f"{100 * output:.0f}", f"{h:.0f}", *(f"{wall_temperature(target, power, h, area):.0f}" for power in WATTS)]
        for output in OUTPUTS
        for h in (film(device.film_h_w_m2k.value, output),)
    ]
    walls = [f"wall at {power:g} W [°C]" for power in WATTS]
    near = time_to_reach(BODY_C, target, tau, target + NEAR_K)
    cooling = f"cryogen, freezing from 37 °C; within {NEAR_K:g} K of saturation after {near:.0f} s"
    title = f"film by output, and the wall that it leaves when heat is drawn through its {area / MM**2:.0f} mm²"
    return "\n".join(
        [
            table(cooling, ("time [s]", "temperature [°C]"), course),
            table(title, ("output [%]", "h [W/m²K]", *walls), films),
        ]
    )


def draw(device: MicrowaveDevice, tissue: str, path: Path) -> None:
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
    parts = [_part(ring) for ring in getattr(entry, "rings", None) or ()]
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
