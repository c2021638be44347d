"""What is recorded of the surroundings is true, harmless and never fails."""

import subprocess
import sys
from importlib import metadata

import pytest

from dlrun.rundir.environment import environment_facts, host_facts


@pytest.fixture
def no_git_above(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)


def git(*words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


def test_versions():
    """The versions are those of the installed packages."""
    versions = environment_facts()["versions"]
    assert set(versions) == {"python", "dlrun", "tensorflow", "keras", "numpy"}
    assert versions["keras"] == metadata.version("keras")


def test_a_package_that_is_not_installed(monkeypatch):
    """A version that cannot be found is null, not an error."""
    monkeypatch.setattr(sys, "path", [])
    assert environment_facts()["versions"]["tensorflow"] is None


def test_variables_that_change_results(monkeypatch):
    """Switches of TensorFlow and its like are kept; secrets of others that begin alike are not."""
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("TF_VAR_db_password", "secret")
    monkeypatch.setenv("TF_TOKEN_example", "secret")
    variables = environment_facts()["environment"]
    assert variables["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert variables["OMP_NUM_THREADS"] == "2"
    assert "secret" not in variables.values()


@pytest.mark.usefixtures("no_git_above")
def test_no_repository():
    """Outside of a repository there is no commit."""
    assert environment_facts()["git"] is None


@pytest.mark.usefixtures("no_git_above")
def test_commit_and_dirty_flag(tmp_path):
    """A changed file makes the commit dirty; a file git does not know does not."""
    git("init")
    assert environment_facts()["git"] is None
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "one")
    (tmp_path / "b").write_text("1")
    facts = environment_facts()["git"]
    assert len(facts["commit"]) == 40
    assert facts["dirty"] is False
    (tmp_path / "a").write_text("2")
    assert environment_facts()["git"]["dirty"] is True


def test_git_is_not_installed(monkeypatch):
    """Without git there is no commit, and nothing fails."""
    monkeypatch.setenv("PATH", "")
    assert environment_facts()["git"] is None


def test_slow_git(monkeypatch):
    """A repository on a sleeping disk does not keep a run waiting."""

    def slow(*_args, **_kwargs):
        raise subprocess.TimeoutExpired("git", 2)

    monkeypatch.setattr(subprocess, "run", slow)
    assert environment_facts()["git"] is None


def test_host_facts():
    """Process, host and boot are told apart."""
    facts = host_facts()
    assert facts["pid"] > 0
    assert facts["host"]
    assert set(facts) == {"pid", "host", "boot"}
