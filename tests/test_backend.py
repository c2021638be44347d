"""What the import of TensorFlow leaves on the terminal, and what is set before it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from dlrun.backend import quiet_native_log
from tests.conftest import CONFIGS

CALLER_COMPUTES = "TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD"


@pytest.mark.parametrize(
    ("error", "shown"), [(ImportError(), "native\n"), (KeyboardInterrupt(), "")]
)
def test_the_native_log_is_shown_for_errors_only(error, shown, capfd):
    """Ctrl-C needs no explanation."""

    def fail():
        with quiet_native_log():
            os.write(2, b"native\n")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert capfd.readouterr().err == shown


def test_a_setting_of_our_own_is_told_to_tensorflow_alone():
    """It reads it in C; what runs record, and commands compare, is what the user has set."""
    assert CALLER_COMPUTES not in os.environ
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    assert getenv(CALLER_COMPUTES.encode()) == b"1"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_points_softmax", "digits_cnn", "sentiment_lstm"])
def test_which_thread_computes_changes_no_bit(name, tmp_path):
    """Who asks oneDNN for an operation takes part in it, or waits, as TensorFlow has it."""
    weights = set()
    for env in ({}, {CALLER_COMPUTES: "0"}):
        words = ["train", CONFIGS / f"{name}.yaml", "--no-report", "-q"]
        words += ["--set", "training.epochs=2", "--runs-dir", tmp_path]
        done = subprocess.run(
            [sys.executable, "-m", "dlrun", *map(str, words)],
            env={**os.environ, "DLRUN_WARM": "0", **env},
            capture_output=True,
            check=True,
            text=True,
        )
        weights.add((tmp_path / done.stdout.strip() / "weights.safetensors").read_bytes())
    assert len(weights) == 1
