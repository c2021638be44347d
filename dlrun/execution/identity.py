"""What a run is: two runs of one identity give the same bits, so one of them is enough."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun import NUMERICS
from dlrun.absent import ABSENT
from dlrun.columns.inference import TEXT
from dlrun.config import given
from dlrun.config.schema import PlotsConfig
from dlrun.data.files import files_of
from dlrun.data.image_columns import images_named
from dlrun.datasets.table import reading_of
from dlrun.errors import DataError
from dlrun.execution.cluster import Cluster
from dlrun.rundir.environment import PINNED
from dlrun.rundir.integrity import digest
from dlrun.shapes.input_readers import find_lookups, is_sized

if TYPE_CHECKING:
    from dlrun.config import Experiment

_VERSIONS = ("tensorflow", "keras", "numpy")
"""The packages that compute; dlrun's own part of it is told by `NUMERICS`."""
_ALWAYS = ("type", "name", "inputs")
"""What counts in a config whether it is a default or not: which depends on what else it says."""
_LATEST: Final = frozenset({"model.freeze"})
_LATER: Final = (
    _LATEST,
    _LATEST | {"dataset.folds", "dataset.fold", "dataset.target_scale", "training.sampling"},
)
"""Keys that versions lacked whose identities had the whole config, beside those after them."""
_GPUS = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Machine:
    """What of the surroundings of a run changes its bits."""

    versions: Mapping[str, Any]  # of the packages that compute
    processor: str
    environment: Mapping[str, str]  # the variables that change results
    device: str  # `cpu`, or the models of the GPUs and which of them is taken
    threads: int  # of the CPU

    @classmethod
    def of(
        cls, facts: Mapping[str, Any], *, device: str, threads: int, cluster: Cluster | None = None
    ) -> Machine:
        """Tell it from what `environment_facts` returns, before TensorFlow is loaded.

        The device is `auto`, `cpu`, `gpu` or `gpu:1`; 0 threads are as many as there are cores.
        """
        gpus = [] if device == "cpu" else _gpu_models()
        return cls(
            {package: facts["versions"][package] for package in _VERSIONS},
            facts["processor"],
            {name: one for name, one in facts["environment"].items() if name != PINNED},
            (cluster or Cluster()).named(_device(device, gpus)),
            threads or facts["cpu_count"] or 0,
        )


def identity_of(experiment: Experiment, machine: Machine, *, source: str | None = None) -> str:
    """Tell the identity of a run, 64 hex digits.

    It is the hash of what the config says that is no default, the files that it names, the numeric
    version of dlrun, the machine, and what `weights_hash` says of the run whose weights it begins
    with. A key that a later version has, and that is left alone, changes nothing.
    """
    return identities_of(experiment, machine, source=source)[0]


def identities_of(
    experiment: Experiment, machine: Machine, *, source: str | None = None
) -> tuple[str, ...]:
    """Give the identity of a run, and then those by which earlier versions have called it."""
    # Who hears of a run, and how its plots are written, changes nothing of it.
    experiment = experiment.model_copy(update={"trackers": (), "plots": PlotsConfig()})
    data: dict[str, Any] = {}
    for name, value in experiment.dataset.arguments.items():
        if isinstance(value, Path) and value.exists():
            data[name] = content_of(value)
        elif isinstance(value, Path | list) and (files := _files_in(value)) is not None:
            data[name] = files
    images = images_named(experiment.dataset.arguments, reading_of)
    if images:
        data["images"] = [[text, content_of(path)] for text, path in images]
    for layer in experiment.model.layers:
        if isinstance(layer.weights, Path):
            data[f"weights of {layer.name}"] = content_of(layer.weights)
    told = {
        "data": data,
        "numerics": NUMERICS if _may_look_words_up(experiment) else 1,
        "machine": asdict(machine),
        "source": source,
    }
    return tuple(
        digest({"config": config, **told}) for config in (_given(experiment), *_earlier(experiment))
    )


def _may_look_words_up(experiment: Experiment) -> bool:
    """Whether layers may look up a column of texts by a size that is written down.

    Until `NUMERICS` was 2 they got counts of words, and without a size they were refused. Whether
    a column whose kind is not said holds texts would be told by its values alone.
    """
    arguments = experiment.dataset.arguments
    if "features" not in arguments:  # no table
        return False
    kinds = {name: one["type"] for name, one in (arguments["columns"] or {}).items()}
    return any(
        is_sized(reader.layer) and kinds.get(name, TEXT) == TEXT
        for reader in find_lookups(experiment.model.mappings)
        for name in reader.inputs
    )


def _given(experiment: Experiment) -> dict[str, Any]:
    """What a config says that is no default, by dotted paths; words and names in any case."""
    defaults = given.flat_defaults(experiment)
    return {
        path: value
        for path, value in given.flat(experiment).items()
        if path.rpartition(".")[2] in _ALWAYS or defaults.get(path, ABSENT) != value
    }


def _earlier(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """The whole config, with its defaults, as earlier versions had it; the latest first."""
    config = experiment.as_dict()
    del config["trackers"], config["plots"]
    defaults = given.flat_defaults(experiment)
    for gone in _LATER:
        config = {
            key: {one: item for one, item in value.items()
                  if f"{key}.{one}" not in gone or defaults.get(f"{key}.{one}", ABSENT) != item}
            if isinstance(value, dict)
            else value
            for key, value in config.items()
        }  # fmt: skip
        yield config


def _files_in(value: Path | list[Any]) -> Any:
    """The content of each file of a list or a glob; None where the value names no files."""
    if isinstance(value, list) and not all(isinstance(one, Path) for one in value):
        return None
    try:
        files = files_of(value)
    except DataError:
        return None
    return (
        content_of(files[0]) if files == [value] else [[str(one), content_of(one)] for one in files]
    )


def weights_hash(record: Mapping[str, Any]) -> str:
    """Tell the final weights of a run by one hash, 64 hex digits."""
    return digest(record.get("final_weights"))


def content_of(path: Path) -> Any:
    """The hash of a file, those of the files below a folder by name, or None where there is none.

    Whatever is wrong with a file is told by whoever reads its rows.
    """
    try:
        if path.is_dir():
            below = sorted(one for one in path.rglob("*") if one.is_file())
            return {one.relative_to(path).as_posix(): content_of(one) for one in below}
        if not path.is_file():
            return None
        facts = path.stat()
        return _hash_of_file(path, facts.st_mtime_ns, facts.st_size)
    except OSError:
        return None


@lru_cache(maxsize=2**14)
def _hash_of_file(path: Path, _changed: int, _size: int) -> str:
    """The hash of a file; read once for all runs of a sweep, as long as it does not change."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _device(word: str, gpus: list[str]) -> str:
    """What a word stands for here; a GPU that is not there is no CPU."""
    if not gpus:
        return "cpu" if word in ("auto", "cpu") else word
    return f"{word.removeprefix('auto') or 'gpu'} of {', '.join(gpus)}"


def _gpu_models() -> list[str]:
    """The models of the GPUs, as the driver of NVIDIA tells them; none where there is no driver."""
    try:
        texts = [one.read_text("utf-8") for one in sorted(_GPUS.glob("*/information"))]
    except OSError:
        return []
    lines = (line.partition(":") for text in texts for line in text.splitlines())
    return [value.strip() for name, _, value in lines if name == "Model"]
