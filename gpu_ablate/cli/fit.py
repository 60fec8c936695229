"""`gpu-ablate library fit`: a cryoprobe's film coefficient from a figure of its own table."""

from __future__ import annotations

from typing import Annotated

import typer

from gpu_ablate.errors import SceneError

MEDIA = {"gel": "agar"}
"""Words for media beside the names of tissues."""

ISOTHERMS_C = (0.0, -20.0, -30.0, -40.0)


def fit(
    device: Annotated[str, typer.Argument(help="A cryoprobe of the library that is most like the user's own.")],
    ice_mm: Annotated[
        tuple[float, float], typer.Option(help="Length and width of the ice, along and across one needle.")
    ],
    at_s: Annotated[float, typer.Option(min=10, max=7200, help="After so long at full output.")],
    medium: Annotated[
        str, typer.Option(help="gel (2 % agar), or a tissue of the library (blood comes at 37 °C).")
    ] = "gel",
    start_c: Annotated[float, typer.Option(min=1, max=45, help="Temperature of the medium at the start.")] = 21.0,
    isotherm_c: Annotated[float, typer.Option(help="Colder than this: 0, -20, -30 or -40.")] = 0.0,
    backend: Annotated[str, typer.Option(help="auto, cuda, numba or numpy.")] = "auto",
) -> None:
    """Fit a cryoprobe's film coefficient to one ice figure of a device table; prints a [device.x] for a scene."""
    from gpu_ablate.calibration import IceFigure, fit_film
    from gpu_ablate.engine.choose import choose_backend
    from gpu_ablate.library import load
    from gpu_ablate.scene.problems import near_or_all
    from gpu_ablate.spec.device import CryoDevice

    if device not in load.devices():
        raise SceneError(f'"{device}" is no device of the library\n  {near_or_all(device, load.devices(), "devices")}')
    found = load.device(device)
    if not isinstance(found, CryoDevice):
        raise SceneError(f"{device} is an antenna; only a cryoprobe has a film\n  name a cryoprobe")
    tissue = MEDIA.get(medium, medium)
    if tissue not in load.tissues():
        words = near_or_all(medium, [*MEDIA, *load.tissues()], "media")
        raise SceneError(f'--medium: "{medium}" is not in the library\n  {words}')
    if load.tissue(tissue).freezing == "none":
        raise SceneError(f"--medium: {tissue} does not freeze\n  name one that does, such as gel")
    if isotherm_c not in ISOTHERMS_C:
        raise SceneError("--isotherm-c: must be 0, -20, -30 or -40\n  take the figure of one of these")
    if not all(10.0 <= size <= 150.0 for size in ice_mm) or ice_mm[1] > ice_mm[0]:
        raise SceneError(
            "--ice-mm: length and width lie between 10 and 150 mm, the width not above the length\n  swap?"
        )
    figure = IceFigure(*ice_mm, at_s, tissue, start_c, isotherm_c)
    chosen, _ = choose_backend(backend)

    def tell(h: float, width_mm: float) -> None:
        typer.echo(f"h = {h:8.0f} W/m²K: {width_mm:.1f} mm wide", err=True)

    fitted = fit_film(found, figure, chosen, tell)
    off = 100.0 * (fitted.length_mm / ice_mm[0] - 1.0)
    typer.echo(
        f"length {fitted.length_mm:.1f} mm for {ice_mm[0]:g} mm ({off:+.0f} %), width {fitted.width_mm:.1f} mm for "
        f"{ice_mm[1]:g} mm" + ("; look at active_length_mm" if abs(off) > 10.0 else ""),
        err=True,
    )
    edge = f"{isotherm_c:g} °C" if isotherm_c else "ice"
    typer.echo(
        f"[device.{device}_fitted]\n"
        f'like = "{device}"\n'
        f"film_h_w_m2k = {{ value = {fitted.h_w_m2k:.3g}, source = "
        f'"fitted to the width of {edge} of {ice_mm[0]:g} x {ice_mm[1]:g} mm after {at_s:g} s in {tissue} from '
        f'{start_c:g} °C (gpu-ablate library fit); length then {fitted.length_mm:.1f} mm" }}'
    )
