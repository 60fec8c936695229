"""The kernels of a folder compiled for the CPU by g++ (shim.h, fibres.cpp) into a shared library."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent

CACHE = HERE.parents[1] / ".pytest_cache" / "kernels"
"""What was compiled; each file is named by a digest of all that went into it."""

COMPILER = ("g++", "-std=c++17", "-O2", "-g1", "-fPIC", "-fvisibility=hidden", "-Wno-unknown-pragmas")

PLAIN = ("-ffp-contract=off",)
"""A product and a sum are rounded one by one, as in NumPy."""

SANITIZED = (
    *PLAIN,
    "-O1",
    "-fsanitize=address,undefined,float-cast-overflow",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)
"""Memory and arithmetic are watched; the first fault ends the process."""

RACES = ("-fsanitize=thread",)
"""For the kernels alone: every read and write goes to races.cpp."""

MARK = "#include <cstdint>\nnamespace shim {{ alignas(64) uint64_t {}[8] = {{}}; }}\n"


def kernels_of(file: Path) -> dict[str, str]:
    """The kernels of a .cu file, with the structures that they take."""
    return dict(re.findall(r"^KERNEL\((\w+), (\w+)\)", file.read_text("utf-8"), re.M))


def build(folder: Path, options: Sequence[str] = PLAIN, of_kernels: Sequence[str] = ()) -> ctypes.CDLL:
    """All kernels of the .cu files in `folder`: NAME_run, NAME_size and NAME_threads of each (see shim.h).

    options : of the compiler and linker; of_kernels: more of them for the .cu files

    Raises
    ------
    RuntimeError
        g++ is not installed or does not accept a text: with its message.
    """
    parts: list[tuple[str, str, Sequence[str]]] = [(MARK.format("first_shared"), "", ())]
    for file in sorted(folder.glob("*.cu")):
        entries = "".join(f"ENTRY({name}, {structure})\n" for name, structure in kernels_of(file).items())
        text = f'#include "shim.h"\n#include "{file.name}"\n{entries}'
        parts.append((text, file.read_text("utf-8"), of_kernels))
    parts.append((MARK.format("last_shared"), "", ()))
    for name in ("fibres.cpp", "races.cpp"):
        parts.append((f'#include "{name}"\n', (HERE / name).read_text("utf-8"), ()))

    headers = [path.read_text("utf-8") for path in (HERE / "shim.h", *sorted(folder.glob("*.cuh")))]
    command = (*COMPILER, *options, f"-I{HERE}", f"-I{folder}")
    common = (_run("g++", "--version"), COMPILER, tuple(options), headers)

    def compiled(part: tuple[str, str, Sequence[str]]) -> str:
        return str(_once((common, part), ".o", part[0], (*command, *part[2], "-c")))

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        objects = list(pool.map(compiled, parts))  # in their order: see fibres.cpp
    return ctypes.CDLL(str(_once((common, objects), ".so", "", (*command, "-shared", *objects))))


def _once(contents: object, suffix: str, source: str, command: Sequence[str]) -> Path:
    """What a command makes of a source text (or of none), unless it is there already; `contents` decides."""
    made = CACHE / (hashlib.sha256(repr(contents).encode()).hexdigest()[:24] + suffix)
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as aside:  # other processes may be at it too
            text, result = Path(aside, "source.cpp"), Path(aside, "result")
            text.write_text(source, "utf-8")
            _run(*command, *([str(text)] if source else []), "-o", str(result))
            result.rename(made)
    return made


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RuntimeError("the kernels are tested on the CPU with g++: apt-get install g++") from None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
