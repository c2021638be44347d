"""The sections of a config taken apart: known keys, bare words, components against the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlrun.catalog import KINDS, snake_case
from dlrun.config.components import UNKNOWN, check_component
from dlrun.config.layers import check_layers, free_name
from dlrun.config.places import Node
from dlrun.config.schema import Experiment, ModelConfig, TrainingConfig
from dlrun.config.spots import ConfigNode
from dlrun.wording import describe, listed

if TYPE_CHECKING:
    from dlrun.config.findings import Problems

DATASET_KEYS: Final = ("seed", "validation_split", "test_split", "scale")
"""The keys of a dataset that dlrun itself understands; all others are the dataset's own."""
DEFAULT_EXPORTS: Final = ("keras_model", "predictions")


def check_experiment(root: Node, problems: Problems) -> dict[str, Any]:
    """Check every section of a config as far as the catalog reaches.

    Returns:
        What `Experiment` takes; its plain values are not yet checked.
    """
    config = ConfigNode(root, "", problems)
    config.check_keys(Experiment.model_fields)
    draft = config.plain(("name", "seed"))
    draft["dataset"] = _dataset(config)
    draft["model"] = {"layers": _layers(config)}
    for key, kind in (("loss", "losses"), ("optimizer", "optimizers")):
        if key in config.keys and config.child(key).value is not None:
            draft[key] = _component(kind, config.child(key))
    if "metrics" in config.keys:
        draft["metrics"] = _metrics(config.child("metrics"))
    if "training" in config.keys:
        draft["training"] = _training(config.child("training"))
    if "exports" not in config.keys:
        words = [Node(word, root.place) for word in DEFAULT_EXPORTS]
        root.value["exports"] = Node(words, root.place)
    draft["exports"] = _components("exporters", config.child("exports"))
    return draft


def _dataset(root: ConfigNode) -> dict[str, Any]:
    if "dataset" not in root.keys:
        root.missing("dataset", "where the rows come from.", "Add 'dataset: {type: ...}'.")
        return {"type": UNKNOWN}
    config = root.child("dataset")
    checked = check_component("datasets", config, reserved=DATASET_KEYS)
    own = config.plain(DATASET_KEYS)
    return {"type": checked.type, **own, "arguments": checked.arguments}


def _layers(root: ConfigNode) -> tuple[dict[str, Any], ...]:
    model = root.child("model") if "model" in root.keys else root
    if model is root or "layers" not in model.keys:
        fix = "Add 'model: {layers: [...]}'."
        root.problems.add(model.node.place, "model.layers", "Missing: the layers.", fix)
        return ({"type": UNKNOWN, "name": UNKNOWN},)
    model.check_keys(ModelConfig.model_fields)
    return check_layers(model.child("layers"))


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


def _training(config: ConfigNode) -> dict[str, Any]:
    if config.value is None:
        return {}
    if not isinstance(config.value, dict):
        known = listed(TrainingConfig.model_fields)
        config.wrong(f"Expected a mapping with {known}, got {describe(config.value)}.")
        return {}
    config.check_keys(TrainingConfig.model_fields)
    draft = config.plain(TrainingConfig.model_fields)
    if "callbacks" in config.keys:
        draft["callbacks"] = _components("callbacks", config.child("callbacks"))
    return draft


def _components(kind: str, config: ConfigNode) -> tuple[dict[str, Any], ...]:
    if config.value is None:
        return ()
    if not isinstance(config.value, list):
        word = config.value if isinstance(config.value, str) else KINDS[kind].one
        what = f"Expected a list of {kind}, got {describe(config.value)}."
        config.wrong(what, f"Write it in brackets: [{word}].")
        return ()
    return tuple(_component(kind, item) for item in config.items())


def _component(kind: str, config: ConfigNode) -> dict[str, Any]:
    checked = check_component(kind, config)
    return {"type": checked.type, "arguments": checked.arguments}
