"""The one door into a config: a file and its overrides become an `Experiment`, or one error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, get_origin

from dlrun.catalog import KINDS, snake_case
from dlrun.catalog.argument_types import Expected, repair
from dlrun.config import extends
from dlrun.config import overrides as flags
from dlrun.config.components import UNKNOWN, check_component, check_layers, free_name
from dlrun.config.nodes import ConfigNode, Node, Places, Problems, below, several
from dlrun.config.overrides import Override
from dlrun.config.rules import check_rules
from dlrun.config.schema import (
    DEFAULT_EXPORTS,
    DatasetConfig,
    Experiment,
    TrainingConfig,
    keys_beside,
    kind_of,
    section_of,
)
from dlrun.config.sections import FieldInfo, Location, Mistake, MistakesError, Section
from dlrun.config.yaml import parse, read_text
from dlrun.errors import ConfigError
from dlrun.wording import describe, did_you_mean, listed


def load_config(
    path: Path, overrides: Sequence[str | Override] = (), *, data_known: bool = True
) -> Experiment:
    """Read a config and check all of it that can be checked without TensorFlow.

    Texts among the overrides are `key=value`. Where the data are not `data_known`, no file that the
    config names is looked at: those of a run may have changed since, and from a stranger's run
    nothing is read unasked. Defaults are filled in, and paths made absolute.

    Raises:
        ConfigError: With every problem found, each with its place, in the order of the file.
    """
    path, problems = Path(path), Problems()
    if data_known:
        root = extends.read_whole(path, problems)
    else:
        root = parse(read_text(path), str(path), problems)
    if isinstance(root.value, dict):
        root.value.setdefault("name", Node(path.stem, root.place))
    return load_nodes(root, overrides, problems, data_known=data_known)


def load_nodes(
    root: Node,
    overrides: Sequence[str | Override],
    problems: Problems,
    *,
    data_known: bool = True,
) -> Experiment:
    """Check a config that has been read, see `load_config`; it has a name."""
    if not isinstance(root.value, dict):
        got = "nothing" if root.value is None else describe(root.value)
        fix = "A config starts with keys such as 'dataset:' and 'model:'."
        problems.add(root.place, "", f"Expected a mapping, got {got}.", fix)
        problems.raise_if_any()
    if "base" in root.value and not root.value.keys() & {"dataset", "model"}:
        what = "This is a sweep, not the config of one run."
        problems.add(root.place, "", what, f"`dlrun sweep {root.place.source}` trains its runs.")
        problems.raise_if_any()
    extends.drop_private(root)
    flags.apply(root, overrides, problems)
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
    return experiment.written_at(places)


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


def check_experiment(root: Node, problems: Problems) -> dict[str, Any]:
    """Check a config as far as the catalog reaches; for `Experiment`, plain values unchecked."""
    config = ConfigNode(root, "", problems)
    if "dataset" not in config.keys:
        config.missing("dataset", "where the rows come from.", "Add 'dataset: {type: ...}'.")
    model = config.child("model") if "model" in config.keys else config
    has_layers = model is not config and "layers" in model.keys
    if not has_layers:
        fix = "Add 'model: {layers: [...]}'."
        problems.add(model.node.place, "model.layers", "Missing: the layers.", fix)
    if "exports" not in config.keys:
        words = [Node(word, root.place) for word in DEFAULT_EXPORTS]
        root.value["exports"] = Node(words, root.place)
    draft = _section(Experiment, config, without=() if has_layers else ("model",))
    draft.setdefault("dataset", {"type": UNKNOWN})
    draft.setdefault("model", {"layers": ({"type": UNKNOWN, "name": UNKNOWN},)})
    return draft


_ELSEWHERE: Final = {
    **{name: f"dataset.{name}" for name in DatasetConfig.own_keys() if name != "arguments"},
    **{name: f"training.{name}" for name in TrainingConfig.model_fields},
    "learning_rate": "optimizer.learning_rate",
    "layers": "model.layers",
}
"""Keys that are looked for at the top, by their names, with their dotted paths."""


def _section(
    section: type[Section], config: ConfigNode, without: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(config.value, dict):
        known = listed(section.model_fields)
        config.wrong(f"Expected a mapping with {known}, got {describe(config.value)}.")
        return {}
    config.check_keys(section.model_fields, _ELSEWHERE if section is Experiment else None)
    return {
        key: _value(field, config.child(key))
        for key, field in section.model_fields.items()
        if key in config.keys and key not in without and not _is_empty(field, config.child(key))
    }


def _is_empty(field: FieldInfo, config: ConfigNode) -> bool:
    """Whether a section, or a key for words, counts as left out."""
    is_plain = kind_of(field) is None and section_of(field) is None
    return config.value is None and not is_plain and not field.is_required()


def _value(field: FieldInfo, config: ConfigNode) -> Any:
    kind, section = kind_of(field), section_of(field)
    if section is not None:
        return _section(section, config)
    if kind is None:
        return config.node.plain()
    if kind == "layers":
        return check_layers(config)
    if kind == "metrics":
        return _metrics(config)
    if get_origin(field.annotation) is tuple:
        return _components(kind, config)
    return check_component(kind, config, keys_beside(kind))


def _metrics(config: ConfigNode) -> tuple[dict[str, Any], ...]:
    """The metrics, named as Keras names them in the logs: an alias is called as it was written."""
    metrics = _components("metrics", config)
    taken: set[str] = set()
    for metric, item in zip(metrics, config.items() if metrics else (), strict=True):
        arguments = metric["arguments"]
        if isinstance(item.value, str) and item.value != metric["type"] != UNKNOWN:
            arguments["name"] = item.value
        elif arguments.get("name") is None:
            arguments["name"] = free_name(snake_case(metric["type"]), taken)
        taken.add(arguments["name"])
    return metrics


def _components(kind: str, config: ConfigNode) -> tuple[dict[str, Any], ...]:
    if not isinstance(config.value, list):
        word = config.value if isinstance(config.value, str) else KINDS[kind].one
        what = f"Expected a list of {kind}, got {describe(config.value)}."
        config.wrong(what, f"Write it in brackets: [{word}].")
        return ()
    return tuple(check_component(kind, item) for item in config.items())


def fill(draft: dict[str, Any], places: Places, problems: Problems) -> Experiment:
    """Make the experiment of a draft; wrong values are noted and replaced by their defaults."""
    try:
        return Experiment(**draft)
    except MistakesError as error:
        mistakes: dict[Location, list[Mistake]] = {}
        for mistake in error.mistakes:
            mistakes.setdefault(mistake.location, []).append(mistake)
    for location, alternatives in mistakes.items():
        if any(other[: len(location)] == location != other for other in mistakes):
            continue  # a part of it is wrong, not the whole
        path = ""
        for step in location:
            path = below(path, step)
        value = _remove(draft, location)
        what = f"Expected {_expected(location, alternatives)}, got {describe(value)}."
        place = places.find(path)
        fix = _repair(alternatives, value) or several(place, path, value)
        problems.add(place, path, what, fix)
    return Experiment(**draft)


def _expected(location: Location, alternatives: list[Mistake]) -> str:
    """What was expected: what the field says, or any of the alternatives that the value failed."""
    section: type[Section] | None = Experiment
    field: FieldInfo | None = None
    for step in location:
        field = section.model_fields.get(str(step)) if section is not None else None
        section = section_of(field) if field else None
    if field and field.title:
        return field.title
    return " or ".join(dict.fromkeys(mistake.expected for mistake in alternatives))


def _repair(alternatives: list[Mistake], value: Any) -> str | None:
    for mistake in alternatives:
        if mistake.choices and isinstance(value, str):
            near = did_you_mean(value, mistake.choices)
            if near:
                return near
    kinds = frozenset(mistake.kind for mistake in alternatives if mistake.kind)
    return repair(value, Expected(kinds))


def _remove(draft: Any, location: Location) -> Any:
    """Take a value out of the draft, so that its default counts; only names have none."""
    for step in location[:-1]:
        draft = draft[step]
    value = draft.pop(location[-1])
    if location[-1] == "name":
        draft["name"] = UNKNOWN
    return value
