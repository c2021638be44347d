"""Hashes by which a damaged file of a run folder is found and named."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.rundir.exclusion import CAREFUL
from dlrun.rundir.files import check_ordinary, json_text, leads_out, plain, read_json, reason
from dlrun.rundir.names import (
    CONFIG,
    HISTORY,
    INITIAL_WEIGHTS,
    INPUTS,
    METRICS,
    MODEL_SUMMARY,
    ORIGIN,
    PREDICTIONS,
    RECORD,
    SPEC,
    WEIGHTS,
)
from dlrun.state import state_folder

HASHED = (CONFIG, ORIGIN, SPEC, HISTORY, METRICS, MODEL_SUMMARY, WEIGHTS, INITIAL_WEIGHTS)
_PIECE = 2**20
MAX_BYTES = 64 * 2**30
"""No file of a run folder is larger: what is larger has holes, and would be read for hours."""


def signed(content: Mapping[str, Any]) -> str:
    """Write a mapping as JSON that holds its own hash."""
    values = {key: value for key, value in plain(content).items() if key != "sha256"}
    return json_text({**values, "sha256": digest(values)})


def is_signed(content: Mapping[str, Any]) -> bool:
    """Say whether a mapping still has the hash that `signed` gave it."""
    values = {key: value for key, value in content.items() if key != "sha256"}
    return content.get("sha256") == digest(values)


def hash_files(folder: Path, exports: object = ()) -> dict[str, str]:
    """Hash the files that a run has written and that stay as they are: SHA-256 by name.

    The log, the plots, the report, the predictions for other files, which may be asked for again,
    and checkpoints and evaluations, which hold their own hashes, are left out.

    Args:
        folder: The run folder.
        exports: What its exporters wrote, by name in the folder, as its record says.
    """
    exported = exports if isinstance(exports, list | tuple) else ()
    names = [*HASHED, *(name for name in exported if _is_inside(folder, name))]
    return {name: hash_file(folder / name) for name in names if os.path.lexists(folder / name)}


def _is_inside(folder: Path, name: object) -> bool:
    if not isinstance(name, str) or "\0" in name:
        return False
    return not leads_out(folder, os.path.dirname(name))  # noqa: PTH120 - a name


def hash_file(path: Path) -> str:
    """Hash an ordinary file, of any size."""
    try:
        with open(os.open(path, os.O_RDONLY | CAREFUL), "rb") as file:  # noqa: PTH123 - a descriptor
            check_ordinary(file.fileno(), path, MAX_BYTES)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunFolderError(f"cannot be read: {reason(error)}.", where=str(path)) from error


def recorded_files(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the hashes that a record holds by the names of files; none before the run has ended."""
    hashes = record.get("files")
    return hashes if isinstance(hashes, dict) else {}


def check_file(folder: Path, record: Mapping[str, Any], name: str) -> None:
    """Hold a file against the hash in the run's record, if there is one."""
    recorded = recorded_files(record).get(name)
    path = folder / name
    if recorded is not None and os.path.lexists(path) and hash_file(path) != recorded:
        raise RunFolderError("is not what the run saved: damaged or changed.", where=str(path))


def damaged_files(folder: Path, record: Mapping[str, Any]) -> list[str]:
    """Hold every file against the hash in the record; say what is wrong, a line for each."""
    problems = []
    others = _of_inputs(folder)
    for name in recorded_files(record):
        if name in others:
            continue  # an extended run of an earlier version recorded them
        if not _is_inside(folder, name):
            problems.append(f"{folder / RECORD}: names {name!r}, which is not in the run folder.")
            continue
        try:
            check_file(folder, record, name)
        except RunFolderError as error:
            problems.append(str(error))
        if not os.path.lexists(folder / name):
            problems.append(f"{folder / name}: is missing.")
    return problems


def read_inputs(folder: Path) -> dict[str, Any]:
    """Read from which input each file of `predictions/` came, by its name."""
    path = folder / PREDICTIONS / INPUTS
    return read_json(path) if os.path.lexists(path) else {}


def _of_inputs(folder: Path) -> set[str]:
    if leads_out(folder, PREDICTIONS):
        return set()
    try:
        return {f"{PREDICTIONS}/{name}" for name in read_inputs(folder)}
    except RunFolderError:
        return set()


def digest(content: Any) -> str:
    """Hash what JSON can express, whatever the order of its keys: 64 hex digits."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


_KEY_BYTES = 32
_LASTING = "set XDG_STATE_HOME to a folder that lasts"


def seal(config: str) -> str | None:
    """Seal the config of a run, as 64 hex digits; None where no key can be kept, see `keyless`."""
    key, _ = _key()
    return None if key is None else _keyed_hash(key, config)


def is_own(config: str, sealed: object) -> bool:
    """Say whether this user's dlrun has sealed a config.

    `sealed` is what the run's record holds: a seal, or those of its configs so far.
    """
    key, _ = _key()
    if key is None:
        return False
    expected = _keyed_hash(key, config)
    return any(one.isascii() and hmac.compare_digest(expected, one) for one in _seals(sealed))


def keyless() -> str | None:
    """Say in a line that no key can be kept, as in a container without a home, and what follows."""
    key, why = _key()
    if key is not None:
        return None
    return (
        f"no key can be kept at {_shown_path()} ({why}), so dlrun will not know what is trained "
        f"now as yours: to go on with it will take --trust; {_LASTING}"
    )


def trusting(what: str, sealed: object) -> str:
    """Say how to let dlrun do something with a run that is not known as the user's own."""
    given = f"Give --trust to {what}, if you trust where the run comes from."
    return f"{given} {unknown_because(sealed)}"


def unknown_because(sealed: object) -> str:
    """Say why a run is not known as the user's own, and how to mend it."""
    key, why = _key()
    if key is None:
        said = f"Your runs are known by a key, and none can be kept at {_shown_path()} ({why})"
    elif not _seals(sealed):
        said = "It bears no seal: no key could be kept when it was made"
    else:
        said = (
            "It was trained elsewhere, as an imported run was: it is sealed with another key than "
            f"{_shown_path()}. If you trained it yourself, in a container, the key is gone with "
            "that"
        )
    return f"{said}; {_LASTING}."


def key_path() -> Path:
    """Return where the key lies, in the folder of the state."""
    return Path(state_folder(), "key")


def _shown_path() -> str:
    try:
        return str(key_path())
    except RuntimeError:
        return "~/.local/state/dlrun/key"


def _seals(sealed: object) -> list[str]:
    several: list[object] = sealed if isinstance(sealed, list) else [sealed]
    return [one for one in several if isinstance(one, str)]


def _keyed_hash(key: bytes, config: str) -> str:
    return hmac.new(key, config.encode(), hashlib.sha256).hexdigest()


def _key() -> tuple[bytes | None, str]:
    """The user's key, made where there is none yet; else None, and why there is none."""
    try:
        path = key_path()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        return None, reason(error)
    except RuntimeError:
        return None, "there is no home folder"
    return (key, "") if len(key) == _KEY_BYTES else (None, f"it has {len(key)} bytes")


def _make_key(path: Path) -> None:
    """Write a new key, unless another process is quicker: a link never replaces a file."""
    temporary = path.with_name(f".{os.urandom(8).hex()}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(os.urandom(_KEY_BYTES))
    try:
        with contextlib.suppress(FileExistsError):
            # Without links renaming does: where a file stands, Windows refuses it.
            getattr(os, "link", os.rename)(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
