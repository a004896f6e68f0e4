"""Lets tests of the repository import what stands at its root, and is not installed."""

from __future__ import annotations

import sys

from support.project_files import ROOT

sys.path.append(str(ROOT))
