"""Whether this machine can draw in 3D, found out where a crash does no harm."""

from __future__ import annotations

import os
import subprocess
import sys

PACKAGES = "libegl1 libegl-mesa0 libgl1-mesa-dri"
"""Debian packages that bring off-screen OpenGL without a display or a GPU."""

NO_PICTURES = (
    "no 3D pictures: OpenGL does not work on this machine; on Debian or Ubuntu it comes with "
    f"sudo apt-get install -y {PACKAGES}"
)
"""The line that says so, in the log and in the report."""

_PROBE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow, vtkWindowToImageFilter
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetMultiSamples(0)
window.SetSize(16, 16)
renderer = vtkRenderer()
renderer.SetBackground(0.0, 0.0, 1.0)
window.AddRenderer(renderer)
window.Render()
picture = vtkWindowToImageFilter()
picture.SetInput(window)
picture.Update()
raise SystemExit(0 if picture.GetOutput().GetScalarComponentAsDouble(8, 8, 0, 2) == 255 else 1)
"""


def offscreen_environment() -> dict[str, str]:
    """Environment variables that make VTK draw without a display (the user's own choice stays)."""
    if not sys.platform.startswith("linux"):
        return {}
    return {"VTK_DEFAULT_OPENGL_WINDOW": os.environ.get("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")}


def missing_gl() -> str | None:
    """`NO_PICTURES` if no 3D picture can be drawn here, else None.

    VTK ends the whole process (segmentation fault) where no OpenGL library is found, so the attempt, a blue
    picture of 16 x 16 pixels, is made in a child process.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env=os.environ | offscreen_environment(),
            capture_output=True,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return NO_PICTURES
    return None if child.returncode == 0 else NO_PICTURES
