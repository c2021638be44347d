"""Which configs are one's own: those of one's own runs bear a seal that nobody else can make.

A config names files to read. Of a run that a stranger made, dlrun reads no such file unless it is
told to. Whose a run is, its folder could claim at will; so each user has a random key, and a run
holds the keyed hash of its config.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
from pathlib import Path

from dlrun.rundir.files import reason

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


def unknown_because(sealed: object) -> str:
    """Say why a run is not known as the user's own, and how to mend it."""
    key, why = _key()
    if key is None:
        said = f"Your runs are known by a key, and none can be kept at {_shown_path()} ({why})"
    elif not _seals(sealed):
        said = "It bears no seal: no key could be kept when it was made"
    else:
        said = f"It was sealed with another key than {_shown_path()}, as in another container"
    return f"{said}; {_LASTING}."


def key_path() -> Path:
    """Return where the key lies: `$XDG_STATE_HOME/dlrun/key`, else below `~/.local/state`."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()  # noqa: PTH117
    return home / "dlrun" / "key"


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
            os.link(temporary, path)
    finally:
        temporary.unlink()
