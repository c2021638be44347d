"""Keys of a config that were typed as options: `--epochs 3` for `--set training.epochs=3`."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import DlrunError, UsageError
from dlrun.wording import CONFIGS

if TYPE_CHECKING:
    from dlrun.config.sections import Section

_READERS = ("data", "init")  # commands whose `--set` tells how a table is read
_NEAR = 0.7  # how alike two words must be to be taken for one another; 1 is the same word


def set_instead(error: Any, words: Sequence[str]) -> UsageError | None:
    """Say how to set the key of the config that an unknown option was meant for.

    None where the error is another one, or an option of the command is nearer to what was typed.
    """
    context = getattr(error, "ctx", None)
    parameters = [] if context is None else context.command.params
    options = [name for parameter in parameters for name in parameter.opts]
    typed = getattr(error, "option_name", None)
    if typed == "--set" and any(parameter.name == "run" for parameter in parameters):
        fix = "A run keeps its config: `dlrun train CONFIG --from RUN` begins one from its weights"
        fix += ", `--epochs N` makes this one longer." if "--epochs" in options else "."
        return UsageError("No such option: --set", fix=fix)
    if "--set" not in options or typed is None:
        return None
    option, value = _typed(typed, words)
    name = option.lstrip("-").replace("-", "_").lower()
    reads_a_table = context is not None and context.command.name in _READERS
    paths = _reading_keys() if reads_a_table else _paths(words)
    nearest = max(paths, key=lambda key: _likeness(name, key), default="")
    likeness = _likeness(name, nearest)
    if likeness < _NEAR or likeness <= max(_likeness(name, one.lstrip("-")) for one in options):
        return None
    written = shlex.quote(f"{paths[nearest]}={'VALUE' if value is None else value}")
    what = "How a table is read is said so" if reads_a_table else "Keys of the config are set so"
    fix = f"{what}: `--set {written}`."
    return UsageError(f"No such option: {option}", fix=fix)


def _typed(option: str, words: Sequence[str]) -> tuple[str, str | None]:
    """What was typed, whole where the parser takes `-lr` for `-l`; and the value that follows."""
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == option or (name.startswith(option) and not name.startswith("--")):
            following = words[place + 1 : place + 2]
            if equals:
                return name, value
            is_value = following and not re.match(r"--?[A-Za-z]", following[0])
            return name, following[0] if is_value else None
    return option, None


def _reading_keys() -> dict[str, str]:
    from dlrun.workflows.data import READING

    return {key: key for key in READING}


def _paths(words: Iterable[str]) -> dict[str, str]:
    """The dotted path of every key of a config by its last name; the upper ones come first."""
    from dlrun import catalog
    from dlrun.config.extends import read_whole
    from dlrun.config.nodes import Problems
    from dlrun.config.resolved import flattened
    from dlrun.config.schema import DatasetConfig, Experiment, TrainingConfig

    paths: dict[str, str] = {}

    def add(names: Iterable[str], above: str = "") -> None:
        for name in names:
            paths.setdefault(name, above + name)

    sections: dict[str, type[Section]] = {"dataset": DatasetConfig, "training": TrainingConfig}
    add(name for name in Experiment.model_fields if name not in (*sections, "model"))
    for section, fields in sections.items():
        add((name for name in fields.model_fields if name != "arguments"), f"{section}.")
    for kind, above in (("optimizers", "optimizer."), ("datasets", "dataset.")):
        for word in catalog.words(kind):
            found = catalog.find(kind, word)
            names = [one.name for one in found.parameters] if found else []
            add((name for name in names if name != "name"), above)
    # What the configs hold, such as the first `units` of layers, where they can be read.
    for config in (Path(word) for word in words if word.endswith(CONFIGS)):
        with contextlib.suppress(DlrunError):
            for path, _ in flattened(read_whole(config, Problems()).plain(), ""):
                paths.setdefault(path.rpartition(".")[2], path)
    del paths["type"]
    return paths


def _likeness(typed: str, key: str) -> float:
    """How alike two names are, in [0, 1]; an abbreviation, such as `lr` or `batch`, is the key."""
    parts = key.split("_")
    if parts[1:] and typed in ("".join(part[:1] for part in parts), parts[0]):
        return 1.0
    return SequenceMatcher(None, typed, key).ratio()
