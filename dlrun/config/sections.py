"""The sections of a config taken apart: known keys, bare words, components against the catalog."""

from __future__ import annotations

from typing import Any, get_origin

from pydantic.fields import FieldInfo

from dlrun.catalog import KINDS, snake_case
from dlrun.config.components import UNKNOWN, check_component
from dlrun.config.findings import Problems
from dlrun.config.layers import check_layers, free_name
from dlrun.config.places import Node
from dlrun.config.schema import (
    DEFAULT_EXPORTS,
    Experiment,
    Section,
    keys_beside,
    kind_of,
    section_of,
)
from dlrun.config.spots import ConfigNode
from dlrun.wording import describe, listed


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


def _section(
    section: type[Section], config: ConfigNode, without: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(config.value, dict):
        known = listed(section.model_fields)
        config.wrong(f"Expected a mapping with {known}, got {describe(config.value)}.")
        return {}
    config.check_keys(section.model_fields)
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
