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

_KEY_BYTES = 32


def seal(config: str) -> str | None:
    """Seal the config of a run.

    Args:
        config: The text of `config.yaml`.

    Returns:
        64 hex digits; None where no key can be kept, as without a home folder.
    """
    key = _key()
    return None if key is None else _keyed_hash(key, config)


def is_own(config: str, sealed: object) -> bool:
    """Say whether this user's dlrun has sealed a config.

    Args:
        config: The text of `config.yaml`.
        sealed: What the run's record holds: a seal, or those of its configs so far.
    """
    key = _key()
    if key is None:
        return False
    expected = _keyed_hash(key, config)
    seals = sealed if isinstance(sealed, list) else [sealed]
    return any(
        isinstance(one, str) and one.isascii() and hmac.compare_digest(expected, one)
        for one in seals
    )


def key_path() -> Path:
    """Return where the key lies: `$XDG_STATE_HOME/dlrun/key`, else below `~/.local/state`."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()  # noqa: PTH117
    return home / "dlrun" / "key"


def _keyed_hash(key: bytes, config: str) -> str:
    return hmac.new(key, config.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes | None:
    """The user's key, made where there is none yet."""
    try:
        path = key_path()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_key(path)
        key = path.read_bytes()
    except (OSError, RuntimeError):
        return None
    return key if len(key) == _KEY_BYTES else None


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
