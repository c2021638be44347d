"""Configs to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlrun.config import load_config
from dlrun.errors import ConfigError

BASE = (Path(__file__).parent / "golden" / "base.yaml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path):
    """Load a config from text, or from the lines of the base config with some replaced."""

    def load_text(text=BASE, *overrides, lines=None):
        for number, line in (lines or {}).items():
            text = text.splitlines()
            text[number - 1] = line
            text = "\n".join(text)
        file = tmp_path / "config.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_config(file, overrides)

    return load_text


@pytest.fixture
def refuse(load, tmp_path):
    """The messages with which a config is refused, without the name of the file."""

    def messages(text=BASE, *overrides, lines=None):
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides, lines=lines)
        return [
            str(problem).removeprefix(f"{tmp_path / 'config.yaml'}:")
            for problem in caught.value.problems
        ]

    return messages
