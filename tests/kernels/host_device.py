"""The CPU in place of a GPU: engine.device.Device for the kernels that host_kernels.py compiles."""

from __future__ import annotations

import ctypes
import math
import os
import re
import subprocess
import weakref
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gpu_ablate.engine.device import Triple
from gpu_ablate.paths import data_dir
from tests.kernels.host_kernels import PLAIN, RACES, build

SPOILT = 0xFF
"""The byte of what was never written: as a float not a number, as an integer -1."""

ALIGNMENT = 256
"""Of every array [bytes], as cudaMalloc has it."""

MOST_BLOCKS = (2**31 - 1, 65535, 65535)
"""In a grid (CUDA C++ Programming Guide, table of technical specifications)."""


class Launch(ctypes.Structure):
    """shim::Launch."""

    _fields_ = (
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("order", ctypes.c_uint),
        ("spoilt", ctypes.c_uint),
    )


class HostArray:
    """What an array on a GPU can do and nothing more: no arithmetic, no assignment."""

    def __init__(self, values: NDArray[Any], device: HostDevice) -> None:
        assert values.flags.c_contiguous, f"strides {values.strides}: on a GPU another kernel would have to copy it"
        self._values, self._device = values, device
        self.shape, self.dtype, self.nbytes = values.shape, values.dtype, values.nbytes

    def __getitem__(self, index: Any) -> HostArray:
        part = self._values[index]
        assert isinstance(part, np.ndarray), f"[{index}] of an array of shape {self.shape} is a number, not a view"
        return HostArray(part, self._device)

    def get(self) -> NDArray[Any]:
        self._device.refuse_while_recording("get")
        return self._values.copy()

    def set(self, values: NDArray[Any]) -> None:
        self._device.refuse_while_recording("set")
        assert (values.shape, values.dtype) == (self.shape, self.dtype), (
            f"set: {values.dtype} {values.shape} into {self.dtype} {self.shape}"
        )
        self._values[...] = values

    def address(self) -> int:
        return self._values.ctypes.data


class HostDevice:
    """Runs kernels on one thread of the CPU, in an order that can be chosen (see shim::Launch).

    A result that depends on `order` or `spoilt` (see SPOILT) shows a race, a missing barrier or a read of what was not
    written. `memory` is what it says it has free [bytes].
    """

    name = "the CPU in place of a GPU"

    def __init__(
        self,
        real: type[np.floating] = np.float32,
        *,
        folder: Path | None = None,
        options: Sequence[str] = PLAIN,
        order: int = 0,
        spoilt: int = SPOILT,
        memory: int | None = None,
        races: bool = False,
    ) -> None:
        number = "double" if real is np.float64 else "float"
        self._library = build(
            folder or data_dir("cuda_kernels"), (*options, f"-DREAL={number}"), RACES if races else ()
        )
        self._libc = ctypes.CDLL(None)
        self._order, self._spoilt, self._memory = order, spoilt, memory
        self._recorded: dict[Hashable, list[Callable[[], None]]] = {}
        self._recording: list[Callable[[], None]] | None = None

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> HostArray:
        self.refuse_while_recording("empty")
        count, kind = math.prod(shape), np.dtype(dtype)
        size = count * kind.itemsize
        address = ctypes.c_void_p()  # from malloc, so that AddressSanitizer watches its ends
        if self._libc.posix_memalign(ctypes.byref(address), ctypes.c_size_t(ALIGNMENT), ctypes.c_size_t(size or 1)):
            raise MemoryError(f"{size} bytes")
        assert address.value is not None
        memory = (ctypes.c_ubyte * size).from_address(address.value)
        ctypes.memset(address, self._spoilt, size)
        values = np.frombuffer(memory, kind, count).reshape(shape)
        weakref.finalize(memory, self._libc.free, address)
        return HostArray(values, self)

    def array(self, values: NDArray[Any]) -> HostArray:
        copy = self.empty(values.shape, values.dtype)
        copy.set(values)
        return copy

    def clear(self, array: HostArray) -> None:
        self.refuse_while_recording("clear")
        ctypes.memset(array.address(), 0, array.nbytes)

    def address(self, array: HostArray) -> int:
        return array.address()

    def launch(self, kernel: str, grid: Triple, block: Triple, arguments: NDArray[np.void]) -> None:
        library = self._library
        threads = ctypes.c_uint.in_dll(library, f"{kernel}_threads").value
        size = ctypes.c_size_t.in_dll(library, f"{kernel}_size").value
        given = arguments.dtype.itemsize
        assert given == size, f"{kernel}: its structure has {size} bytes in C++, {given} in Python"
        assert 0 < math.prod(block) <= threads, f"{kernel}: {block} threads in a block, {threads} are the most"
        assert all(0 < n <= most for n, most in zip(grid, MOST_BLOCKS, strict=True)), f"{kernel}: {grid} blocks"
        run = library[f"{kernel}_run"]
        run.restype = ctypes.c_char_p
        launch = Launch(tuple(grid), tuple(block), self._order, self._spoilt)
        contents = arguments.tobytes()

        def work() -> None:
            fault = run(contents, ctypes.byref(launch))
            if fault is not None:
                raise RuntimeError(f"{kernel}: {self._with_lines(fault.decode())}")

        if self._recording is None:
            work()
        else:
            self._recording.append(work)

    def replay(self, key: Hashable, work: Callable[[], None]) -> None:
        """As a CUDA graph: launches are recorded with the arguments of then, and `work` isn't called again."""
        self.refuse_while_recording("replay")
        if key not in self._recorded:
            self._recording = []
            try:
                work()
                self._recorded[key] = self._recording
            finally:
                self._recording = None
        for launch in self._recorded[key]:
            launch()

    def free_bytes(self) -> int:
        if self._memory is not None:
            return self._memory
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def _with_lines(self, fault: str) -> str:
        """Lines of the kernels in place of addresses in the library."""

        def line(address: re.Match[str]) -> str:
            command = ["addr2line", "-e", self._library._name, address[0]]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]

        return re.sub(r"\+0x[0-9a-f]+", line, fault)

    def refuse_while_recording(self, what: str) -> None:
        """A graph holds launches alone."""
        assert self._recording is None, f"{what} in work that is recorded"
