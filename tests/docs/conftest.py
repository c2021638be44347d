"""A shell, as a user has it who has typed `dlrun warm`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CONFIGS


@pytest.fixture(scope="session")
def in_shell(tmp_path_factory):
    """Run a script in a folder; its first failure ends it."""
    home = tmp_path_factory.mktemp("shell")
    home.chmod(0o700)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "XDG_RUNTIME_DIR": str(home)}

    def run(script, folder):
        words = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, check=False
        )

    assert run("dlrun warm", home).returncode == 0
    yield run
    run("dlrun warm stop", home)


@pytest.fixture
def workplace(tmp_path):
    """An empty folder, in which `configs/` is found."""
    (tmp_path / "configs").symlink_to(CONFIGS)
    return tmp_path
