"""Triangle meshes: read, test points, contour, smooth. VTK filters, no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkLogger, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import (
    vtkCleanPolyData,
    vtkFlyingEdges3D,
    vtkTriangleFilter,
    vtkWindowedSincPolyDataFilter,
)
from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil
from vtkmodules.vtkIOGeometry import vtkOBJReader, vtkSTLReader
from vtkmodules.vtkIOPLY import vtkPLYReader
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.ply_files import require_whole_ply
from gpu_ablate.geometry.shapes import in_box
from gpu_ablate.units import MM

Points = NDArray[np.float64]
Faces = NDArray[np.int32]

READERS: dict[str, Any] = {
    ".stl": vtkSTLReader,
    ".vtp": vtkXMLPolyDataReader,
    ".ply": vtkPLYReader,
    ".obj": vtkOBJReader,
}
MASK_SPACING_M = 0.2e-3
"""Finest raster of a mesh [m]; its surface is then met within half of this along each axis."""
MASK_CELLS = 64_000_000
"""Largest raster of a mesh; a mesh that needs more gets coarser cells."""
SMOOTHING_PASSES, SMOOTHING_BAND = 20, 0.05
"""Passes and pass band of the windowed sinc filter (Taubin, Zhang, Golub 1996): lower is smoother."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A closed triangle mesh with outward faces: points (n, 3) xyz [m], faces (m, 3) point indices."""

    points: Points
    faces: Faces

    def bounds(self) -> tuple[Points, Points]:
        """Corners (lower, upper) of the enclosing box [m]."""
        return self.points.min(axis=0), self.points.max(axis=0)

    def volume(self) -> float:
        """Enclosed volume [m³]."""
        return volume(self.points, self.faces)

    def contains(self, points: Points) -> NDArray[np.bool_]:
        """Whether each point (n, 3) [m] lies in the mesh, (n,).

        The mesh is rasterised once (0.2 mm, coarser above 64 million cells); the surface is taken halfway
        between an inner and an outer cell centre.
        """
        inside = in_box(points, self.bounds())
        mask, origin, spacing = self._mask
        index = (points[inside] - origin) / spacing
        inner = map_coordinates(mask, index[:, ::-1].T, output=np.float32, order=1, prefilter=False)
        inside[inside] = inner > 0.5
        return inside

    @cached_property
    def _mask(self) -> tuple[NDArray[np.uint8], Points, float]:
        """Cells (nz, ny, nx) whose centre is inside (1) or not (0), centre of the first [m], spacing [m]."""
        lower, upper = self.bounds()
        spacing = max(MASK_SPACING_M, float(np.prod(upper - lower) / MASK_CELLS) ** (1 / 3))
        size = np.ceil((upper - lower) / spacing).astype(int) + 3
        origin = (lower + upper) / 2 - (size - 1) / 2 * spacing
        stencil = vtkPolyDataToImageStencil()
        stencil.SetInputData(poly_data(self.points - origin, self.faces))
        stencil.SetOutputOrigin(0, 0, 0)
        stencil.SetOutputSpacing(spacing, spacing, spacing)
        stencil.SetOutputWholeExtent(0, size[0] - 1, 0, size[1] - 1, 0, size[2] - 1)
        to_image = vtkImageStencilToImage()
        to_image.SetInputConnection(stencil.GetOutputPort())
        to_image.SetOutputScalarTypeToUnsignedChar()
        to_image.Update()
        values = vtk_to_numpy(to_image.GetOutput().GetPointData().GetScalars())
        return values.reshape(size[::-1]), origin, spacing


def read_mesh(path: str | Path) -> Mesh:
    """Read a closed surface in millimetres (STL, VTP, PLY, OBJ).

    Raises
    ------
    SceneError
        The file is missing, unreadable, empty, not finite, open, wound inconsistently, or inside-out.
    """
    path = Path(path)
    if not path.is_file():
        raise SceneError(f"{path}: no such mesh\n  remedy: check the path; it is relative to the scene file")
    if path.suffix.lower() not in READERS:
        raise SceneError(f"{path}: unknown mesh format\n  remedy: convert it to one of {' '.join(READERS)}")
    points, faces = _triangles(path)
    if not len(faces):
        raise SceneError(f"{path}: holds no triangles\n  remedy: export the closed surface again")
    if not np.isfinite(points).all():
        raise SceneError(f"{path}: holds points that are not finite\n  remedy: export the surface again")
    _require_closed(path, points, faces)
    size = volume(points, faces)
    if not abs(size) > 0:
        raise SceneError(f"{path}: the mesh encloses no volume\n  remedy: export the closed surface again")
    if size <= 0:
        text = f"{path}: the mesh is inside-out (its volume is {size / 1e3:.3g} cm³)"
        raise SceneError(f"{text}\n  remedy: flip the normals, so that they point outwards")
    return Mesh(points * MM, faces)


def volume(points: NDArray[Any], faces: Faces) -> float:
    """Volume enclosed by a closed mesh, Σ a · (b × c) / 6 over its triangles; negative if inside-out."""
    if not len(faces):
        return 0.0
    centred = np.asarray(points, float) - np.mean(points, axis=0, dtype=float)
    a, b, c = corners(centred, faces)
    return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6


def centroid(points: NDArray[Any], faces: Faces) -> Points:
    """Centroid (3,) of what a closed mesh encloses: Σ v (a + b + c) / 4 over the tetrahedra between its triangles and
    a point, v their volumes."""
    start = np.mean(points, axis=0, dtype=float)
    a, b, c = corners(np.asarray(points, float) - start, faces)
    sizes = np.einsum("ij,ij->i", a, np.cross(b, c))
    return np.asarray(start + (sizes[:, None] * (a + b + c) / 4).sum(axis=0) / sizes.sum())


def area(points: NDArray[Any], faces: Faces) -> float:
    """Area of a mesh."""
    return float(areas(points, faces).sum())


def areas(points: NDArray[Any], faces: Faces) -> Points:
    """Area of each triangle, |(b - a) × (c - a)| / 2, (m,)."""
    a, b, c = corners(points, faces)
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1)) / 2


def corners(points: NDArray[Any], faces: Faces) -> tuple[Points, Points, Points]:
    """The three corners a, b, c of every triangle, each (m, 3)."""
    exact = np.asarray(points, float)
    a, b, c = (exact[faces[:, corner]] for corner in range(3))
    return a, b, c


def contour(
    field: NDArray[Any], level: float, spacing: Points, origin: Points, cap_cells: float = 0.5
) -> tuple[Points, Faces]:
    """Points (n, 3) [m] and faces (m, 3) of `isosurface`, closed by flat caps.

    Parameters
    ----------
    cap_cells : distance of the caps beyond the outermost nodes in spacings, above 0; half of one is the outer
        face of cells around the nodes
    spacing : between nodes along x, y, z, (3,) [m]
    origin : of the first node, xyz (3,) [m]
    """
    # A value that far below the level puts the crossing on the cap.
    padded = np.pad(np.asarray(field, np.float32), 1, mode="edge")
    for axis in range(3):
        for side in (0, -1):
            face = np.moveaxis(padded, axis, 0)[side]
            np.minimum(face, level - (face - level) * (1 - cap_cells) / cap_cells, out=face)
    points, faces = isosurface(padded, level)
    return (points - 1) * spacing + origin, faces


def isosurface(field: NDArray[Any], level: float) -> tuple[Points, Faces]:
    """Triangles where a field (nz, ny, nx), linear between nodes, equals `level`, facing lower values, open at
    its ends; points (n, 3) count nodes, xyz; empty if it is never met (flying edges, Schroeder et al. 2015)."""
    image = vtkImageData()
    image.SetDimensions(*field.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(np.asarray(field, np.float32).ravel(), deep=True))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return _arrays(edges.GetOutput())


def smooth(
    points: Points, faces: Faces, target_volume: float | None = None, held: NDArray[np.bool_] | None = None
) -> Points:
    """Points (n, 3) of a closed mesh with its short waves taken off, and its volume kept.

    Windowed sinc filter (Taubin, Zhang, Golub 1996), then an even shift along the normals for the volume.

    Parameters
    ----------
    target_volume : to enclose [m³]; what the mesh encloses by default
    held : (n,), points that stay where they are, such as those of flat caps; none by default
    """
    target = volume(points, faces) if target_volume is None else target_volume
    fixed = np.zeros((len(points), 1), bool) if held is None else held[:, None]
    free = faces[~fixed[faces, 0].all(axis=1)]
    if not len(free):
        return points
    extent = float(np.ptp(points, axis=0).max())
    sinc = vtkWindowedSincPolyDataFilter()
    sinc.SetInputData(poly_data(points / extent, free))
    sinc.SetNumberOfIterations(SMOOTHING_PASSES)
    sinc.SetPassBand(SMOOTHING_BAND)
    sinc.NormalizeCoordinatesOn()
    sinc.FeatureEdgeSmoothingOff()
    sinc.BoundarySmoothingOff()
    sinc.NonManifoldSmoothingOn()
    sinc.Update()
    smoothed = np.where(fixed, points, _arrays(sinc.GetOutput())[0] * extent)
    for _ in range(2):
        shift = (target - volume(smoothed, faces)) / area(smoothed, free)
        smoothed = np.where(fixed, points, smoothed + point_normals(smoothed, free) * shift)
    return smoothed


def point_normals(points: Points, faces: Faces) -> Points:
    """Outward unit normal at each point, the area-weighted mean of its triangles, (n, 3)."""
    a, b, c = corners(points, faces)
    doubled = np.cross(b - a, c - a)
    normals = np.zeros(points.shape)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(faces[:, corner], doubled[:, axis], len(points))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0, lengths, 1)


def _triangles(path: Path) -> tuple[Points, Faces]:
    """Points [file units] and triangles of a mesh file, equal points merged."""
    if path.suffix.lower() == ".ply":
        require_whole_ply(path)
    problems: list[str] = []
    reader = READERS[path.suffix.lower()]()
    reader.AddObserver("ErrorEvent", lambda *_: problems.append("error"))
    reader.SetFileName(str(path))
    verbosity = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    reader.Update()
    vtkLogger.SetStderrVerbosity(verbosity)
    if problems:
        raise SceneError(f"{path}: cannot be read as a mesh\n  remedy: export it again, best as binary STL")
    read = reader.GetOutput()
    if read.GetNumberOfPolys():  # the filters would read beyond the points
        named = vtk_to_numpy(read.GetPolys().GetConnectivityArray())
        if named.min() < 0 or named.max() >= read.GetNumberOfPoints():
            raise SceneError(f"{path}: a triangle names a point that is not there\n  remedy: export the surface again")
    triangles = vtkTriangleFilter()
    triangles.SetInputData(read)
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    clean = vtkCleanPolyData()
    clean.SetInputConnection(triangles.GetOutputPort())
    clean.ToleranceIsAbsoluteOn()
    clean.SetAbsoluteTolerance(0)
    clean.ConvertPolysToLinesOn()
    clean.Update()
    return _arrays(clean.GetOutput())


def _require_closed(path: Path, points: Points, faces: Faces) -> None:
    """Refuse a mesh in which some edge is not run through as often in one direction as in the other."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    forward = edges[:, 0] < edges[:, 1]
    keys = edges.min(axis=1) * len(points) + edges.max(axis=1)
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    uses = np.bincount(inverse)
    balance = np.bincount(inverse, np.where(forward, 1, -1))
    is_open = uses % 2 == 1
    if is_open.any():
        x, y, z = points[edges[first[is_open][0]]].mean(axis=0)
        raise SceneError(
            f"{path}: the mesh is open: {is_open.sum()} of {len(unique)} edges belong to one side only, "
            f"the first near ({x:.1f}, {y:.1f}, {z:.1f}) mm\n"
            "  remedy: close it (fill holes) in the program that made it"
        )
    if balance.any():
        text = f"{path}: {np.count_nonzero(balance)} edges join triangles that face opposite ways"
        raise SceneError(f"{text}\n  remedy: make the normals consistent, pointing outwards")


def _arrays(poly_data: vtkPolyData) -> tuple[Points, Faces]:
    """Points (n, 3) float64 and triangles (m, 3) int32 of VTK poly data."""
    if not poly_data.GetNumberOfPolys():
        return np.zeros((0, 3)), np.zeros((0, 3), np.int32)
    points = vtk_to_numpy(poly_data.GetPoints().GetData()).astype(np.float64)
    return points, vtk_to_numpy(poly_data.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int32)


def poly_data(points: Points, faces: Faces) -> vtkPolyData:
    """VTK poly data of points (n, 3) and triangles (m, 3)."""
    vtk_points = vtkPoints()
    vtk_points.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float64), deep=True))
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(faces) + 1, 3, dtype=np.int64)
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces, np.int64).ravel(), deep=True),
    )
    poly_data = vtkPolyData()
    poly_data.SetPoints(vtk_points)
    poly_data.SetPolys(cells)
    return poly_data
