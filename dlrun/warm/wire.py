"""What client and resident process say to each other: fields of texts, and open files."""

from __future__ import annotations

import _socket as socket  # the part in C: the module around it takes 2 ms
import array
import os
from collections.abc import Iterable, Mapping, Sequence

Message = Mapping[str, Sequence[bytes]]
"""Lists of texts without a NUL by their names: arguments, paths and variables have none."""

COMMAND, STATUS, STOP = b"command", b"status", b"stop"
"""What a client may ask for, in the field `ask`."""

ANOTHER, UNTOUCHED = "another", "untouched"
"""Fields: a copy leaves a command to another one; a client wants one that has computed nothing."""

MOST_FILES = 200  # of one message; the kernel passes 253
_MOST_BYTES = 2**25
_LENGTH_BYTES = 8
_PIECE = 2**16


def pack(message: Message) -> bytes:
    """Write a message as bytes; see `Message`."""
    words: list[bytes] = []
    for name, values in message.items():
        words += [name.encode(), b"%d" % len(values), *values]
    body = b"\0".join(words)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def unpack(body: bytes) -> dict[str, list[bytes]]:
    """Read what `pack` wrote, without its length."""
    words = body.split(b"\0")
    message, place = {}, 0
    while place < len(words):
        end = place + 2 + int(words[place + 1])
        message[words[place].decode()] = words[place + 2 : end]
        place = end
    return message


def send(connection: socket.socket, message: Message, files: Sequence[int] = ()) -> None:
    """Send a message, and copies of open files with its first bytes."""
    data, sent = memoryview(pack(message)), 0
    if files:
        passed = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))
        sent = connection.sendmsg([data], [passed])
    connection.sendall(data[sent:])


def receive(connection: socket.socket) -> tuple[dict[str, list[bytes]], list[int]]:
    """Receive a message and the open files that came with it; nothing at the end.

    Raises:
        OSError: It does not come, or not whole.
        ValueError: It is no message.
    """
    files: list[int] = []
    try:
        data = _first_piece(connection, files)
        if not data:
            return {}, files
        while len(data) < _LENGTH_BYTES:
            data += _more(connection)
        length = int.from_bytes(data[:_LENGTH_BYTES], "big")
        if length > _MOST_BYTES:
            raise ValueError("a message of too many bytes")  # noqa: TRY301
        while len(data) < _LENGTH_BYTES + length:
            data += _more(connection)
        # Of an end, the process and its parent may both tell, and one reading may get both.
        return unpack(bytes(data[_LENGTH_BYTES : _LENGTH_BYTES + length])), files
    except BaseException:
        close_all(files)
        raise


def _first_piece(connection: socket.socket, files: list[int]) -> bytearray:
    room = socket.CMSG_LEN(MOST_FILES * array.array("i").itemsize)
    data, told, flags, _ = connection.recvmsg(_PIECE, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in told:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
            files += numbers
    if flags & socket.MSG_CTRUNC:
        raise ValueError("more open files than a message may bring")
    return bytearray(data)


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(_PIECE)
    if not piece:
        raise ConnectionResetError("the other side ended in the middle of a message")
    return piece


def close_all(files: Iterable[int]) -> None:
    """Close open files that came with a message."""
    for number in files:
        os.close(number)
