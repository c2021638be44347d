"""One component of a config against the catalog: its word, its arguments, and what they nest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.config import literals
from dlrun.wording import describe, listed, near_word

if TYPE_CHECKING:
    from collections.abc import Collection

    from dlrun.catalog import Parameter, Word
    from dlrun.config.places import Node
    from dlrun.config.spots import Spot

SINGULAR: Final = {kind: kind.removesuffix("s") for kind in catalog.KINDS} | {"losses": "loss"}
A: Final = {kind: f"{'an' if word[0] in 'aeio' else 'a'} {word}" for kind, word in SINGULAR.items()}
"""What to call one word of a kind, with its article."""
INPUT_SHAPE: Final = ("input_shape", "input_dim", "batch_shape", "batch_input_shape")
"""Arguments by which Keras lets a user say what dlrun knows from the dataset."""
MANY: Final = 8
"""How many arguments a message lists."""
UNKNOWN: Final = "?"
"""Stands for a word that does not exist, so that the rest of the config can still be checked."""


@dataclass(frozen=True)
class Checked:
    """A component after it was checked.

    Attributes:
        type: The canonical word, or UNKNOWN.
        arguments: What is given to it, literal defaults filled in, wrong values left out.
    """

    type: str
    arguments: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The component as it stands in YAML."""
        return {"type": self.type, **self.arguments}


def check_component(kind: str, spot: Spot, reserved: Collection[str] = ()) -> Checked:
    """Check a word, or a mapping with `type`, against the catalog.

    Args:
        kind: What the word must be a name of.
        spot: What was written.
        reserved: Keys that mean something else here and are checked elsewhere.
    """
    word = _word(kind, spot)
    if word is None:
        return Checked(UNKNOWN, {})
    takes = [parameter for parameter in word.parameters if parameter.name not in reserved]
    names = [*(parameter.name for parameter in takes), *reserved]
    for key in spot.keys:
        if key != "type" and key not in names:
            _unknown_argument(word, key, names, spot)
    arguments = {}
    for parameter in takes:
        if parameter.name in spot.keys:
            arguments[parameter.name] = _argument(word, parameter, spot.child(parameter.name))
        elif not parameter.required:
            arguments[parameter.name] = _as_written(parameter.default)
        else:
            what = f"{word.name} needs '{parameter.name}'."
            spot.missing(parameter.name, what, _how_to_fill(parameter))
    known = {name: value for name, value in arguments.items() if value is not ABSENT}
    return Checked(word.name, known)


def _word(kind: str, spot: Spot) -> Word | None:
    """The word of a component; None, with a problem noted, where there is none."""
    if not isinstance(spot.value, str | dict):
        what = f"Expected {A[kind]}, got {describe(spot.value)}."
        spot.wrong(what, "Write a word, or a mapping with 'type'.")
        return None
    if isinstance(spot.value, dict) and "type" not in spot.keys:
        misspelt = next((key for key in spot.keys if near_word(key, ["type"])), None)
        if misspelt:
            spot.unknown(misspelt, f"Unknown key '{misspelt}'.", ["type"], "")
        spot.missing("type", f"which {SINGULAR[kind]} this is.", "Add 'type'.")
        return None
    written = spot.child("type") if isinstance(spot.value, dict) else spot
    if not isinstance(written.value, str):
        written.wrong(f"Expected the name of {A[kind]}, got {describe(written.value)}.")
        return None
    word = catalog.find(kind, written.value)
    if word is None:
        written.wrong(*_why_not(kind, written.value))
    return word


def _why_not(kind: str, word: str) -> tuple[str, str | None]:
    """What is wrong with a word that the catalog does not have, and what to do."""
    reason = catalog.refusal(kind, word)
    if reason:
        return f"'{word}' cannot be used: {reason}.", None
    fix = catalog.suggest(kind, word) or f"'dlrun list {kind}' shows all of them."
    return f"There is no {SINGULAR[kind]} {describe(word)}.", fix


def _unknown_argument(word: Word, key: str, names: list[str], spot: Spot) -> None:
    what = f"{word.name} has no argument {describe(key)}."
    if word.kind == "layers" and key in INPUT_SHAPE:
        spot.unknown(key, "The input shape comes from the dataset.", (), "Remove it.")
    elif len(names) > MANY:
        spot.unknown(key, what, names, f"'dlrun list {word.kind} {word.name}' shows all of them.")
    else:
        fix = f"It takes {listed(names)}." if names else "It takes no arguments."
        spot.unknown(key, what, names, fix)


def _argument(word: Word, parameter: Parameter, spot: Spot) -> Any:
    kind = catalog.nested_kind(parameter.name)
    if kind is None or word.kind in ("datasets", "exporters"):
        return _literal(spot, literals.expected(parameter))
    if spot.value is None and not parameter.required:
        return None
    if kind == "layers" and isinstance(spot.value, list):
        return [check_component(kind, item).as_dict() for item in spot.items()]
    if parameter.name == "learning_rate" and not _is_component(kind, spot):
        return _literal(spot, literals.Expected(frozenset({"float", "schedule"}), low=0))
    if kind == "activations":
        return _activation(spot)
    checked = check_component(kind, spot)
    written_as_word = isinstance(spot.value, str) and kind not in ("layers", "schedules")
    return spot.value if written_as_word else checked.as_dict()


def _is_component(kind: str, spot: Spot) -> bool:
    """Whether this is a mapping, or a word of the kind."""
    if isinstance(spot.value, str):
        return catalog.find(kind, spot.value) is not None
    return isinstance(spot.value, dict)


def _activation(spot: Spot) -> str:
    if len(spot.keys) > 1:
        what = "An activation is a word without arguments."
        spot.wrong(what, "Put a layer such as LeakyReLU after this one, with the arguments.")
        return UNKNOWN
    return check_component("activations", spot).type


def _literal(spot: Spot, wanted: literals.Expected) -> Any:
    """The value of an argument; ABSENT, with a problem noted, where it cannot be that."""
    value = spot.node.plain()
    complaint = literals.complaint(value, wanted)
    if complaint is not None:
        spot.wrong(f"{complaint}, got {describe(value)}.", literals.repair(value, wanted))
        return ABSENT
    if type(value) is int and "schedule" in wanted.types:
        return _as_float(value)
    is_path = "path" in wanted.types and isinstance(value, str)
    return absolute(value, spot.node) if is_path else value


def _as_float(value: int) -> int | float:
    """A whole number where a number is meant: Keras refuses the learning rate 1 and takes 1.0."""
    try:
        return float(value)
    except OverflowError:
        return value


def absolute(path: str, node: Node) -> Path:
    """A path as an absolute one: relative to the file that it stands in, in a flag to here."""
    folder = Path(node.place.source).parent if node.place.line else Path()
    return Path(folder, Path(path).expanduser()).absolute()


def _as_written(default: Any) -> Any:
    """A default as YAML has it: lists for tuples."""
    return [_as_written(item) for item in default] if isinstance(default, tuple) else default


def _how_to_fill(parameter: Parameter) -> str:
    wanted = literals.expected(parameter)
    return f"Add it: {wanted}." if wanted.types else "Add it."
