"""What the CUDA backend needs of a device: memory, kernels by name, graphs of launches."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

Triple = tuple[int, int, int]


class DeviceArray(Protocol):
    """An array in the memory of a device, in C order; a slice of it is a view."""

    shape: tuple[int, ...]

    def __getitem__(self, index: Any) -> DeviceArray:
        """A part of it."""

    def get(self) -> NDArray[Any]:
        """A copy on the host, once all work before it is done."""

    def set(self, values: NDArray[Any]) -> None:
        """Overwrite it after all work before it is done; shape and dtype must be its own."""


class Device(Protocol):
    """A GPU, or what stands for one. Work is done in the order in which it is given."""

    name: str

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> DeviceArray:
        """An array that holds anything.

        Raises
        ------
        BackendError
            There isn't memory enough.
        """

    def array(self, values: NDArray[Any]) -> DeviceArray:
        """A copy of an array of the host."""

    def clear(self, array: DeviceArray) -> None:
        """Set all bytes to 0."""

    def address(self, array: DeviceArray) -> int:
        """Of the first byte."""

    def launch(self, kernel: str, grid: Triple, block: Triple, arguments: NDArray[np.void]) -> None:
        """Run a kernel of cuda_kernels/ on so many blocks (x, y, z) of so many threads, with its structure (0-d)."""

    def replay(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do work that consists of launches alone; a key given before does what was recorded for it then."""

    def free_bytes(self) -> int:
        """Memory that is left."""
