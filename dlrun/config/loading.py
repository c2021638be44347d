"""The one door into a config: a file and its overrides become an `Experiment`, or one error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dlrun.config import overrides as flags
from dlrun.config.findings import Problems
from dlrun.config.overrides import Override
from dlrun.config.places import Node, Places
from dlrun.config.reading import read_text
from dlrun.config.rules import check_rules
from dlrun.config.schema import Experiment
from dlrun.config.sections import check_experiment
from dlrun.config.values import fill
from dlrun.config.yaml_nodes import parse
from dlrun.errors import ConfigError
from dlrun.wording import describe


def load_config(
    path: Path, overrides: Sequence[str | Override] = (), *, data_known: bool = True
) -> Experiment:
    """Read a config and check all of it that can be checked without TensorFlow.

    Texts among the overrides are `key=value`. Where the data are not `data_known`, no header of a
    file that the config names is looked at: those of a run may have changed since, and from a
    stranger's run nothing is read unasked. Defaults are filled in, and paths made absolute.

    Raises:
        ConfigError: With every problem found, each with its place, in the order of the file.
    """
    path, problems = Path(path), Problems()
    root = parse(read_text(path), str(path), problems)
    if not isinstance(root.value, dict):
        got = "nothing" if root.value is None else describe(root.value)
        fix = "A config starts with keys such as 'dataset:' and 'model:'."
        problems.add(root.place, "", f"Expected a mapping, got {got}.", fix)
        problems.raise_if_any()
    if "base" in root.value and not root.value.keys() & {"dataset", "model"}:
        what = "This is a sweep, not the config of one run."
        problems.add(root.place, "", what, f"`dlrun sweep {path}` trains its runs.")
        problems.raise_if_any()
    flags.apply(root, overrides, problems)
    root.value.setdefault("name", Node(path.stem, root.place))
    return _checked(root, Places(root), problems, data_known=data_known)


def load_resolved(text: str, places: Places) -> Experiment:
    """Read a config that another process has checked, and written out by `to_yaml`.

    What is wrong now, as with its data, is told to be at the places where the user wrote it.
    """
    problems = Problems()
    root = parse(text, "", problems)
    places.give_to(root)
    return _checked(root, places, problems, data_known=True)


def _checked(root: Node, places: Places, problems: Problems, *, data_known: bool) -> Experiment:
    experiment = fill(check_experiment(root, problems), places, problems)
    check_rules(experiment, places, problems, data_known=data_known)
    problems.raise_if_any()
    experiment._places = places  # noqa: SLF001  (private to pydantic, not to this package)
    return experiment


def locate(experiment: Experiment, error: ConfigError) -> ConfigError:
    """The same error with the place of every problem that does not know its own yet."""
    return ConfigError(
        *(
            replace(one, location=one.location or str(experiment.places.find(one.path)))
            for one in error.problems
        )
    )


@contextmanager
def locating(experiment: Experiment) -> Iterator[None]:
    """Give every `ConfigError` that leaves the block its places in the config."""
    try:
        yield
    except ConfigError as error:
        raise locate(experiment, error) from error
