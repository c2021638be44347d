"""The sections of a config taken apart: known keys, bare words, components against the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlrun.catalog import snake_case
from dlrun.config.components import SINGULAR, UNKNOWN, check_component
from dlrun.config.layers import check_layers, free_name
from dlrun.config.places import Node
from dlrun.config.schema import Experiment, ModelConfig, TrainingConfig
from dlrun.config.spots import Spot
from dlrun.wording import describe, listed

if TYPE_CHECKING:
    from dlrun.config.findings import Findings

DATASET_KEYS: Final = ("seed", "validation_split", "test_split", "scale")
"""The keys of a dataset that dlrun itself understands; all others are the dataset's own."""
DEFAULT_EXPORTS: Final = ("keras_model", "predictions")


def check_experiment(root: Node, findings: Findings) -> dict[str, Any]:
    """Check every section of a config as far as the catalog reaches.

    Returns:
        What `Experiment` takes; its plain values are not yet checked.
    """
    spot = Spot(root, "", findings)
    spot.check_keys(Experiment.model_fields)
    draft = spot.plain(("name", "seed"))
    draft["dataset"] = _dataset(spot)
    draft["model"] = {"layers": _layers(spot)}
    for key, kind in (("loss", "losses"), ("optimizer", "optimizers")):
        if key in spot.keys and spot.child(key).value is not None:
            draft[key] = _component(kind, spot.child(key))
    if "metrics" in spot.keys:
        draft["metrics"] = _metrics(spot.child("metrics"))
    if "training" in spot.keys:
        draft["training"] = _training(spot.child("training"))
    if "exports" not in spot.keys:
        words = [Node(word, root.place) for word in DEFAULT_EXPORTS]
        root.value["exports"] = Node(words, root.place)
    draft["exports"] = _components("exporters", spot.child("exports"))
    return draft


def _dataset(root: Spot) -> dict[str, Any]:
    if "dataset" not in root.keys:
        root.missing("dataset", "where the rows come from.", "Add 'dataset: {type: ...}'.")
        return {"type": UNKNOWN}
    spot = root.child("dataset")
    checked = check_component("datasets", spot, reserved=DATASET_KEYS)
    own = spot.plain(DATASET_KEYS)
    return {"type": checked.type, **own, "arguments": checked.arguments}


def _layers(root: Spot) -> tuple[dict[str, Any], ...]:
    model = root.child("model") if "model" in root.keys else root
    if model is root or "layers" not in model.keys:
        fix = "Add 'model: {layers: [...]}'."
        root.findings.add(model.node.place, "model.layers", "Missing: the layers.", fix)
        return ({"type": UNKNOWN, "name": UNKNOWN},)
    model.check_keys(ModelConfig.model_fields)
    return check_layers(model.child("layers"))


def _metrics(spot: Spot) -> tuple[dict[str, Any], ...]:
    """The metrics, named as Keras names them in the logs: an alias is called as it was written."""
    metrics = _components("metrics", spot)
    taken: set[str] = set()
    for metric, item in zip(metrics, spot.items() if metrics else (), strict=True):
        arguments = metric["arguments"]
        if isinstance(item.value, str) and item.value != metric["type"] != UNKNOWN:
            arguments["name"] = item.value
        elif arguments.get("name") is None:
            arguments["name"] = free_name(snake_case(metric["type"]), taken)
        taken.add(arguments["name"])
    return metrics


def _training(spot: Spot) -> dict[str, Any]:
    if spot.value is None:
        return {}
    if not isinstance(spot.value, dict):
        known = listed(TrainingConfig.model_fields)
        spot.wrong(f"Expected a mapping with {known}, got {describe(spot.value)}.")
        return {}
    spot.check_keys(TrainingConfig.model_fields)
    draft = spot.plain(TrainingConfig.model_fields)
    if "callbacks" in spot.keys:
        draft["callbacks"] = _components("callbacks", spot.child("callbacks"))
    return draft


def _components(kind: str, spot: Spot) -> tuple[dict[str, Any], ...]:
    if spot.value is None:
        return ()
    if not isinstance(spot.value, list):
        word = spot.value if isinstance(spot.value, str) else SINGULAR[kind]
        what = f"Expected a list of {kind}, got {describe(spot.value)}."
        spot.wrong(what, f"Write it in brackets: [{word}].")
        return ()
    return tuple(_component(kind, item) for item in spot.items())


def _component(kind: str, spot: Spot) -> dict[str, Any]:
    checked = check_component(kind, spot)
    return {"type": checked.type, "arguments": checked.arguments}
