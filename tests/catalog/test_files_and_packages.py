"""What words may read, write or import that no config should reach unasked: every one is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dlrun import catalog
from dlrun.catalog import argument_types
from dlrun.catalog.argument_types import types_of
from dlrun.catalog.kinds import KINDS
from dlrun.catalog.source import module_text, package_folder
from dlrun.catalog.words import NEEDED
from dlrun.config.rules.files import FILE_ARGUMENTS

if TYPE_CHECKING:
    from pathlib import Path

PLACE = re.compile(r"\b(path|pathlike|file ?names?|directory|folder|url)\b", re.IGNORECASE)
OPENS = re.compile(r"(?<![\w`'.])open\(|gfile|file_utils\.|os\.(path|listdir)|np\.load")
DATA = {
    ("california_housing", "path"),
    ("cifar10", "path"),
    ("cifar100", "path"),
    ("fashion_mnist", "path"),
    ("images", "path"),
    ("imdb", "path"),
    ("mnist", "path"),
    ("npz", "path"),
    ("series", "path"),
    ("table", "path"),
    ("table", "test_path"),
    ("texts", "path"),
}
FOLDERS = {("image", "folder")}
"""Folders of the files that a table names, which `DatasetConfig.image_folders` announces."""
WRITTEN = {
    ("CSVLogger", "filename"),
    ("ModelCheckpoint", "filepath"),
    ("OrbaxCheckpoint", "directory"),
    ("TensorBoard", "log_dir"),
}
LISTS = {("IntegerLookup", "vocabulary")}
NAMED_ONLY = {
    ("RemoteMonitor", "root"),  # an address, which a training tells its numbers
    ("RemoteMonitor", "path"),  # a part of that address
    ("TensorBoard", "embeddings_metadata"),  # written down for the page of TensorBoard
}
NO_PATHS = {
    ("Muon", "exclude_layers"),  # parts of the paths of variables
}
SOURCES = {
    "callbacks/backup_and_restore.py",  # refused
    "callbacks/csv_logger.py",
    "callbacks/model_checkpoint.py",
    "callbacks/tensorboard.py",
    "layers/preprocessing/index_lookup.py",  # IntegerLookup; StringLookup, TextVectorization: no
}
"""The modules of Keras that open files, of those that define words."""


def parameters():
    """Every argument of every word."""
    for kind in catalog.KINDS:
        for name in catalog.words(kind):
            for parameter in catalog.find(kind, name).parameters:
                yield kind, name, parameter


def says_path(parameter):
    """Whether an argument is a path by its type or by what is said about it."""
    return "Path" in (parameter.annotation or "") or bool(PLACE.search(parameter.doc or ""))


def test_every_argument_that_can_be_a_path_is_known():
    """It is announced data, is written inside the run folder, or takes a list and no text."""
    found = {(name, one.name) for _, name, one in parameters() if says_path(one)}
    assert found - NO_PATHS == DATA | FOLDERS | WRITTEN | LISTS | NAMED_ONLY
    assert {argument for _, argument in WRITTEN} == set(FILE_ARGUMENTS)


def test_announced_data_are_paths_to_the_rule_of_trust():
    """`check_trusted` asks which arguments of a dataset are paths."""
    for name, argument in DATA:
        wanted = argument_types.expected(catalog.find("datasets", name).parameter(argument))
        assert wanted.types <= {"path", "list", "null"}  # `DatasetConfig.paths` looks into lists


@pytest.mark.parametrize(("name", "argument"), sorted(LISTS))
def test_a_list_is_a_list_wherever_the_word_stands(name, argument):
    """A text, which Keras would take for a path, is refused."""
    wanted = argument_types.expected(catalog.find("layers", name).parameter(argument))
    assert argument_types.complaint("secret.txt", wanted) == "Expected a list or null"
    assert "not in a file" in argument_types.repair("secret.txt", wanted)
    assert argument_types.complaint([1, 2], wanted) is None
    assert not wanted.types & types_of("secret.txt")


def test_no_other_module_of_keras_opens_files():
    """A new one is looked at before its words can be used."""
    home = package_folder("keras") / "src"
    folders = {home / kind.keras.split(".")[0] for kind in KINDS.values() if kind.keras}
    files = [file for folder in folders for file in folder.rglob("*.py")]
    opening = {
        file.relative_to(home).as_posix()
        for file in files
        if not file.stem.endswith("_test") and OPENS.search(without_docstrings(file))
    }
    assert opening == SOURCES


def without_docstrings(file: Path) -> str:
    """The code of a module."""
    return re.sub(r'"""(.|\n)*?"""', "", file.read_text("utf-8"))


def test_every_package_that_a_word_needs_is_known():
    """Those that Keras imports when they are used, or tries to import."""
    lazy = re.compile(r"from keras\.src\.utils\.module_utils import (\w+)")
    tried = re.compile(r"^try:\n    import (\w+)\nexcept ImportError", re.MULTILINE)
    found = set()
    for kind in catalog.KINDS:
        for name in catalog.words(kind):
            word = catalog.find(kind, name)
            source = module_text(word.module) if word.origin == "keras" else ""
            block = re.split(r"^(?=class |def )", source, flags=re.MULTILINE)
            own = "".join(part for part in block if part.startswith(f"class {name}("))
            packages = {*lazy.findall(source), *tried.findall(source)} - {"tensorflow", "jax"}
            packages |= {"tensorboard"} if "tensorflow.summary" in source else set()
            if any(re.search(rf"\b{one}\b", own) for one in packages) or "tensorboard" in packages:
                found.add((kind, name))
    assert found == {(kind, name) for kind, words in NEEDED.items() for name in words}
