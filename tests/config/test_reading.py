"""Config files from the disk: every odd file is a clean message, at once."""

import os
import socket
import time

import pytest

from dlrun.config import load_config, yaml
from dlrun.errors import ConfigError


@pytest.fixture
def message(tmp_path):
    """The message for a file, without the folder."""

    def of(file):
        started = time.process_time()
        with pytest.raises(ConfigError) as caught:
            load_config(file)
        assert time.process_time() - started < 1
        return str(caught.value).replace(f"{tmp_path}/", "")

    return of


def test_a_missing_file(message, tmp_path):
    """Named, with one beside it that was probably meant."""
    assert message(tmp_path / "absent.yaml") == "absent.yaml: There is no such file."
    (tmp_path / "absence.yaml").touch()
    expected = "absent.yaml: There is no such file. Did you mean 'absence.yaml'?"
    assert message(tmp_path / "absent.yaml") == expected


def test_a_table(message, tmp_path):
    """Whoever gives the data in the place of a config learns how one comes to be."""
    (tmp_path / "my cats.csv").write_text("x,y\n1,2\n")
    expected = (
        "my cats.csv: This is a table, which is no config. Give the path of a YAML file; "
        "`dlrun init --data 'my cats.csv' -o 'my cats.yaml'` writes one for it."
    )
    assert message(tmp_path / "my cats.csv") == expected


def test_a_folder(message, tmp_path):
    """A folder is not read."""
    (tmp_path / "folder").mkdir()
    expected = (
        "folder: This is a folder. Give the path of a YAML file; "
        "`dlrun init --data folder -o folder.yaml` writes one for it."
    )
    assert message(tmp_path / "folder") == expected


def test_a_fifo_does_not_block(message, tmp_path):
    """Nothing is opened that could wait for a writer."""
    os.mkfifo(tmp_path / "fifo")
    expected = "fifo: This is not a regular file. Give the path of a YAML file."
    assert message(tmp_path / "fifo") == expected


def test_a_socket(message, tmp_path, monkeypatch):
    """Nor is any other special file."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
        assert message(tmp_path / "socket").startswith("socket: This is not a regular file.")


def test_a_path_that_cannot_be(message, tmp_path):
    """A NUL in a path, or a name that is too long."""
    assert "cannot be read: embedded null" in message(tmp_path / "a\0b")
    assert "cannot be read: File name too long." in message(tmp_path / ("a" * 300))


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_an_unreadable_file(message, tmp_path):
    """The reason is that of the system."""
    (tmp_path / "secret.yaml").touch(mode=0)
    assert message(tmp_path / "secret.yaml").endswith("cannot be read: Permission denied.")


def test_a_huge_file_is_not_read(message, tmp_path):
    """Its size is told, whatever is in it."""
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(1 << 30)
    expected = (
        "huge.yaml: The file is larger than 1 MiB, which no config should be. "
        "Keep data in data files."
    )
    assert message(tmp_path / "huge.yaml") == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfea\x00", "c.yaml:1:1: The file is UTF-16. Save it as UTF-8."),
        (b"\xfe\xff\x00a", "c.yaml:1:1: The file is UTF-16. Save it as UTF-8."),
        (b"a: 1\nb: \xe4", "c.yaml:2:4: The byte 0xe4 is not UTF-8. Save the file as UTF-8."),
        (
            "ä: 1\nü: x\0y".encode(),
            "c.yaml:2:5: The character U+0000 cannot stand in a config. Remove it.",
        ),
        (b"a: \x1b[0m", "c.yaml:1:4: The character U+001B cannot stand in a config. Remove it."),
        (b"", "c.yaml:1:1: Expected a mapping, got nothing. "),
        (b"# only a comment\n", "c.yaml:2:1: Expected a mapping, got nothing. "),
        (b"- a\n", "c.yaml:1:1: Expected a mapping, got a list. "),
        (b"text", "c.yaml:1:1: Expected a mapping, got 'text'. "),
    ],
)
def test_odd_content(message, tmp_path, content, expected):
    """The position is that of the character."""
    (tmp_path / "c.yaml").write_bytes(content)
    assert message(tmp_path / "c.yaml").startswith(expected)


def test_a_byte_order_mark_and_windows_line_ends_are_fine():
    """They are what some editors write."""
    text = yaml.decode(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "c.yaml")
    assert text == "a: 1\r\nb: 2\r\n"
