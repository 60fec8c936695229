"""``python -m gpu_ablate``."""

import sys

from gpu_ablate.cli.app import main

sys.exit(main())
