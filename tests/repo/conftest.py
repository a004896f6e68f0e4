"""Make modules at the root of the repository importable; they are not installed."""

from __future__ import annotations

import sys

from support.project_files import ROOT

sys.path.append(str(ROOT))
