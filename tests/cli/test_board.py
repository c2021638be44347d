"""`dlrun board`: the address with its key, the browser, and what is refused before."""

from __future__ import annotations

import re
import socket

import pytest


@pytest.fixture
def opened(monkeypatch):
    """Serve nothing; gives the addresses that a browser is started with."""
    addresses = []
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    monkeypatch.setattr("threading.Thread.start", lambda one: one.run())
    monkeypatch.setattr("webbrowser.open", lambda one: addresses.append(one) or len(addresses) < 2)
    return addresses


def test_the_address_is_told_and_opened(dlrun, opened, tmp_path):
    """It ends with a key; the browser, whose arguments others see, gets one that opens once."""
    code, out, err = dlrun("board", "--port", "0", "--runs-dir", tmp_path)
    assert (code, err) == (0, f"the runs of {tmp_path}, until Ctrl-C\n")
    told = re.fullmatch(r"(http://127\.0\.0\.1:\d+/)#([\w-]{32})\n", out)
    (address,) = opened
    assert address.startswith(f"{told[1]}#")
    assert told[2] not in address
    assert "BROWSER" in dlrun("board", "--port", "0", "--runs-dir", tmp_path)[2]


def test_without_a_browser(dlrun, opened, tmp_path):
    """Where it is not wanted; quiet, the address alone is told."""
    code, out, err = dlrun("board", "--no-open", "-q", "--port", "0", "--runs-dir", tmp_path)
    assert (code, err, opened) == (0, "", [])
    assert out.startswith("http://127.0.0.1:")


def test_what_is_refused(dlrun, opened, tmp_path, monkeypatch):
    """A folder that is not there, a port that is taken, packages that are missing."""
    code, _, err = dlrun("board", "--runs-dir", tmp_path / "none")
    assert (code, f"{tmp_path / 'none'}: there is no such folder." in err) == (4, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = dlrun("board", "--port", str(port), "--runs-dir", tmp_path)
    assert code == 1
    assert f"127.0.0.1:{port}: cannot listen there" in err
    assert "--port" in err
    monkeypatch.setattr("dlrun.serving.door.find_spec", lambda name: name != "uvicorn" or None)
    code, _, err = dlrun("board", "--runs-dir", tmp_path)
    assert (code, "the board needs uvicorn, not installed." in err) == (2, True)
    assert "pip install 'dlrun[serve]'" in err
    assert opened == []
