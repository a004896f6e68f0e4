"""Fixtures: the distributions, built once."""

from __future__ import annotations

import pytest
from support.distributions import Distributions, build_distributions
from support.environments import shared_folder


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    folder = shared_folder(tmp_path_factory, "dist", build_distributions)
    return Distributions.in_folder(folder)
