"""Commands called in this process, with workflows that do what a test says."""

import pytest

CONFIG = """\
name: tiny
dataset: {type: moons}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A valid config, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(CONFIG)
    return "tiny.yaml"


@pytest.fixture
def dlrun(command_line):
    """Call the command line: exit code, stdout, stderr."""
    return lambda *words: command_line([str(word) for word in words])
