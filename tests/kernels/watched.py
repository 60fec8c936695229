"""Use all kernels of a folder under the sanitizers: python -m tests.kernels.watched FOLDER (see test_sanitizers.py)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.kernels.host_device import HostDevice
from tests.kernels.host_kernels import SANITIZED
from tests.kernels.odd_case import treat

if __name__ == "__main__":
    treat("float32", HostDevice(folder=Path(sys.argv[1]), options=SANITIZED))
