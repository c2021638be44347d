"""What the import of TensorFlow leaves on the terminal."""

from __future__ import annotations

import os

import pytest

from dlrun.backend import quiet_native_log


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
