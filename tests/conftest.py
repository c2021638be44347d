"""What all tests share: the command line in this process, the shipped configs, MNIST."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
MNIST = Path(os.environ.get("DLRUN_TEST_MNIST", ROOT.parent / "shared" / "data" / "mnist.npz"))

needs_mnist = pytest.mark.skipif(
    not MNIST.is_file(), reason=f"MNIST is not at {MNIST} (set DLRUN_TEST_MNIST to its path)"
)


@dataclass(frozen=True)
class Result:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def run(self) -> Path:
        """The run folder that `train` printed."""
        return Path(self.out.strip())


@pytest.fixture
def dlrun(capsys, tmp_path, monkeypatch):
    """Run a command line in this process, with an empty folder as the current one."""
    from dlrun.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*words, code=0):
        capsys.readouterr()
        received = main([str(word) for word in words])
        result = Result(received, *capsys.readouterr())
        assert "Traceback" not in result.err
        assert received == code, result.err
        return result

    return run
