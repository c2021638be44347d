"""What is kept of Keras's source is used while it is right, and does no harm where it is not."""

from __future__ import annotations

import math
import os
import random
from importlib import import_module

import pytest

from dlrun.absent import ABSENT
from dlrun.catalog import cache, keras_names, signatures, source

words = import_module("dlrun.catalog.words")  # in the package a function has its name


def forget():
    """Begin as a new process does."""
    cache._stores.clear()
    for cached in (
        *(source.package_folder, source.module_file, source.module_text, source.imports),
        *(source.class_head, source.function, signatures.of_class),
        *(keras_names.origins, keras_names.aliases),
        *(words.words, words.spellings, words.canonical, words.find),
    ):
        cached.cache_clear()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of its own, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    forget()
    yield tmp_path / "cache" / "dlrun"
    forget()


def told():
    """Some of everything that is kept."""
    return (
        [words.find("layers", name) for name in ("Dense", "LSTM", "MultiHeadAttention")],
        words.find("optimizers", "adam"),
        words.find("activations", "leaky_relu"),
        words.spellings("losses"),
        words.gist("layers", "Dense"),
        words.prose("callbacks", "EarlyStopping"),
    )


@pytest.fixture
def kept(home):
    """What is told without the cache, which is then filled."""
    truth = told()
    cache.save()
    forget()
    assert [path.name.split("-")[0] for path in sorted(home.iterdir())] == [
        "docstrings",
        "signatures",
    ]
    return truth


def test_it_is_used(kept, monkeypatch):
    """No source of Keras is read then, and the answers are the same."""
    read = source.module_text

    def own_only(module):
        assert not module.startswith("keras"), f"{module} is read"
        return read(module)

    own_only.cache_clear = read.cache_clear
    monkeypatch.setattr(source, "module_text", own_only)
    assert told() == kept


@pytest.mark.parametrize("seed", range(20))
def test_damage_is_no_trouble(kept, home, seed):
    """Bytes turned, cut off, or added: everything is read anew, and written whole again."""
    draw = random.Random(seed)  # noqa: S311
    whole = {}
    for path in home.iterdir():
        whole[path] = path.read_bytes()
        content = bytearray(whole[path])
        place = draw.randrange(len(content))
        if seed % 3 == 0:
            content[place] ^= 1 << draw.randrange(8)
        elif seed % 3 == 1:
            del content[place:]
        else:
            content[place:place] = os.urandom(9)
        path.write_bytes(content)
        assert cache._read_lines(path) == {}
    assert told() == kept
    cache.save()
    assert {path: path.read_bytes() for path in home.iterdir()} == whole


def test_what_other_code_has_read_is_none(kept, home, monkeypatch):
    """Whoever works on the catalog sees what it reads now."""
    monkeypatch.setattr(cache, "_readers", lambda: 1)
    assert all(cache._read_lines(path) == {} for path in home.iterdir())
    assert told() == kept


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b"3",
        b'{"files": 3}',
        b'{"files": {"keras": []}}',
        b'{"files": {}, "value": 3}',
        b'{"files": {}, "value": [3]}',
        b'{"files": {}, "value": [{"name": 3, "required": true, "default": 1}]}',
        b'{"files": {}, "value": [{"name": "a", "required": true, "default": {"set": []}}]}',
        b"[" * 100_000,
    ],
)
def test_entries_that_are_none(kept, home, line):
    """With a checksum that is right, and a time that is: their form decides."""
    for path in home.iterdir():
        lines = cache._read_lines(path)
        cache._write_lines(path, dict.fromkeys(lines, line))
    assert told() == kept


def test_a_file_of_someone_else_is_none(kept, home, tmp_path):
    """What others may write, links, folders and pipes, at which nobody waits."""
    path = next(path for path in home.iterdir() if path.name.startswith("signatures"))
    assert cache._read_lines(path)
    path.chmod(0o666)
    assert cache._read_lines(path) == {}
    path.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert cache._read_lines(link) == {}
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert cache._read_lines(tmp_path / "pipe") == {}
    assert cache._read_lines(tmp_path) == {}
    assert told() == kept


def test_a_place_that_cannot_be_written_to(home):
    """A file where the folder should be."""
    home.parent.write_text("in the way")
    told()
    cache.save()
    assert home.parent.read_text() == "in the way"


@pytest.mark.usefixtures("home")
def test_a_user_without_a_home(tmp_path, monkeypatch):
    """Nothing is left in the working folder."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    told()
    cache.save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("conv.py", "strides=(1, 1)", "strides=(2, 2)"),
        ("base.py", "trainable=True", "trainable=None"),
        ("exported.py", "from toy.base import Layer", "# nothing any more"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_source_that_changes_is_read_anew(toy, monkeypatch, name, old, new):
    """Of an entry that was read from several files each one counts, at the same size too."""
    monkeypatch.setattr(cache, "PACKAGE", "toy.")
    questions = (("toy.conv", "Conv2D"), ("toy.conv", "Alone"))
    before = [signatures.of_class(*question) for question in questions]
    cache.save()
    forget()
    assert [signatures.of_class(*question) for question in questions] == before
    file = toy / name
    facts = file.stat()
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    forget()
    after = [signatures.of_class(*question) for question in questions]
    assert after != before
    cache._stores.clear()
    monkeypatch.setattr(cache, "PACKAGE", "nothing.")
    forget()
    assert [signatures.of_class(*question) for question in questions] == after


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "", "\ud800", (), (1, (2,)), [1, [2.0]], ABSENT, (None, "a")]
)
def test_values_come_back(value):
    """As they were, tuples as tuples."""
    assert repr(cache.read(cache.written(value))) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": 1}, {1}, b"a", 1j, (1, {2})])
def test_values_that_json_has_not(value):
    """What they belong to is not kept."""
    with pytest.raises(ValueError, match="is not kept"):
        cache.written(value)
