"""Sweeps to read and to break."""

from __future__ import annotations

import pytest

from dlrun.errors import ConfigError
from dlrun.sweeps.language.loading import load_sweep


@pytest.fixture
def read(tmp_path):
    """Read a sweep from text."""

    def read_text(text, *overrides, **options):
        file = tmp_path / "sweep.yaml"
        file.write_text(text)
        return load_sweep(file, overrides, **options)

    return read_text


@pytest.fixture
def refuse(read, tmp_path):
    """The messages with which a sweep is refused, without the name of the file."""

    def messages(text, *overrides, **options):
        with pytest.raises(ConfigError) as caught:
            read(text, *overrides, **options)
        start = f"{tmp_path / 'sweep.yaml'}:"
        return [str(problem).removeprefix(start) for problem in caught.value.problems]

    return messages


@pytest.fixture
def points(read):
    """The values of all points of a sweep."""
    return lambda text: [point.values for point in read(text).points]
