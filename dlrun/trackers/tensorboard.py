"""Writes the event files of TensorBoard into the run folder, which it needs no package for."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from dlrun.backend import tf
from dlrun.rundir.files import naming_write_errors
from dlrun.rundir.integrity import digest
from dlrun.rundir.metrics import main_metric
from dlrun.rundir.names import CONFIG, EVENTS, PLOTS, REPORT, TRAIN, VALIDATION
from dlrun.training.listener import Listener
from dlrun.wording import format_number

if TYPE_CHECKING:
    from dlrun.rundir.folder import Run
    from dlrun.trackers import Tracked

FILE: Final = "events.out.tfevents.dlrun"
"""TensorBoard knows its files by the middle of the name."""
_HELD_OUT: Final = "val_"  # how the logs of Keras name what the validation rows gave
_REPEATED: Final = ("seed", "dataset.fold")  # runs that differ in these alone repeat each other
_STATUS: Final = {"finished": 1, "failed": 2, "interrupted": 2}
"""`Status` of tensorboard/plugins/hparams/api.proto, which knows no third way to end."""


def track(*, tracked: Tracked) -> Listener:
    """Write `events/` in the run folder: every epoch as Keras's own callback names it.

    `dlrun tensorboard` shows it: curves of training and validation, hyperparameters with the final
    metrics (HParams), the plots, and the config. TensorBoard keeps numbers as float32.

    Args:
        tracked: The run.
    """
    return EventWriter(tracked)


class EventWriter(Listener):
    """Writes what it hears of a run into three files: training, validation, and the whole."""

    def __init__(self, tracked: Tracked) -> None:
        self._run = tracked.run
        self._split = {
            name: EventFile(tracked.run.file(f"{EVENTS}/{name}/{FILE}"))
            for name in (TRAIN, VALIDATION)
        }
        self._whole = EventFile(tracked.run.file(f"{EVENTS}/{FILE}"))
        self._whole.write(_session_start(tracked))

    def recalled(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Write an epoch of an earlier process, where it does not stand there."""
        self.epoch_ended(epoch=epoch, logs=logs)

    def epoch_ended(self, *, epoch: int, logs: Mapping[str, float]) -> None:
        """Write an epoch, counted from 0 as Keras's callback does."""
        held = {name.removeprefix(_HELD_OUT): value
                for name, value in logs.items() if name.startswith(_HELD_OUT)}  # fmt: skip
        seen = {name: value for name, value in logs.items() if not name.startswith(_HELD_OUT)}
        for split, values in ((TRAIN, seen), (VALIDATION, held)):
            if values:
                named = {f"epoch_{name}": value for name, value in values.items()}
                self._split[split].write(_scalars(named, step=epoch - 1))

    def progressed(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Let whoever watches the files see what was written."""
        del epoch, step, logs
        for file in self._split.values():
            file.flush()

    def finished(self) -> None:
        """Close the files: what lies behind the last epoch is of a training that was undone."""
        for file in (*self._split.values(), self._whole):
            file.close()

    def completed(self, *, run: Run) -> None:
        """Add final metrics, plots and config; the folder may have moved since."""
        self.finished()
        epochs = len(next(iter(run.history.values()), []))
        metrics = {
            f"{split}/{name}": value
            for split, values in run.metrics.items()
            for name, value in values.items()
            if value is not None
        }
        with closing(EventFile(run.file(f"{EVENTS}/{FILE}"), append=True)) as whole:
            whole.write(_scalars(metrics, step=epochs))
            whole.write(_text(run, step=epochs))
            for path in sorted(run.file(PLOTS).glob("*.png")):
                whole.write(_image(path, step=epochs))
            whole.write(_session_end("finished"))

    def ended(self, *, status: str) -> None:
        """Say that the run has ended otherwise, where its folder is still there."""
        self.finished()
        if self._run.path.is_dir():
            with closing(EventFile(self._run.file(f"{EVENTS}/{FILE}"), append=True)) as whole:
                whole.write(_session_end(status))


class EventFile:
    """A file of events, in which what stands there already is not written again.

    `tf.summary` begins a new file in each process, and cannot take back what a killed one has
    written beyond the checkpoint. Here a process writes all events from the first one on: as long
    as they are those of the file, the file keeps them, and at the first other one it is cut.

    The form is that of tensorflow/core/lib/io/record_writer.h: length (uint64), masked CRC-32C of
    the length, payload, masked CRC-32C of the payload.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self._path = path
        self._append = append
        self._file: BinaryIO | None = None
        self._earlier: Iterator[bytes] = iter(())

    def write(self, event: Any) -> None:
        """Write an event, whose time is now where it does not stand there."""
        with naming_write_errors(self._path):
            if self._file is None:
                self._open()
            self._put(event)

    def flush(self) -> None:
        """Hand over to the system what was written."""
        if self._file is not None:
            with naming_write_errors(self._path):
                self._file.flush()

    def close(self) -> None:
        """Cut what stands behind the last event, and close the file."""
        if self._file is not None:
            with naming_write_errors(self._path), self._file as file:
                file.truncate()
            self._file = None

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Neither follows a link nor waits for a pipe.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(self._path, flags, 0o666), "r+b")
        self._earlier = _records(self._file)
        if self._append:
            for _ in self._earlier:
                pass
        else:
            self._put(tf.compat.v1.Event(file_version="brain.Event:2"))

    def _put(self, event: Any) -> None:
        assert self._file is not None  # noqa: S101 - opened by `write`
        begin = self._file.tell()
        payload = next(self._earlier, None)
        if payload is not None:
            before = tf.compat.v1.Event.FromString(payload)
            event.wall_time = before.wall_time
            if event.SerializeToString(deterministic=True) == payload:
                return
            self._earlier = iter(())
            self._file.seek(begin)
            self._file.truncate()
        event.wall_time = time.time()
        self._file.write(_record(event.SerializeToString(deterministic=True)))


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Give the payloads of a file as far as it is whole; it stands at the end of the last one."""
    size = os.fstat(file.fileno()).st_size
    begin = 0
    while begin + 12 <= size:
        head = file.read(12)
        (length,) = struct.unpack_from("<Q", head)
        if head != _guarded(head[:8]) or begin + 16 + length > size:
            break
        payload = file.read(length)
        if file.read(4) != _checksum(payload):
            break
        begin += 16 + length
        yield payload
    file.seek(begin)
    file.truncate()


def _record(payload: bytes) -> bytes:
    return _guarded(struct.pack("<Q", len(payload))) + _guarded(payload)


def _guarded(data: bytes) -> bytes:
    return data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    """Give the CRC-32C (RFC 3720, B.4), masked as tensorflow/core/lib/hash/crc32c.h does."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _crc_table() -> Sequence[int]:
    """Give the remainder of each byte by the Castagnoli polynomial, bits reversed."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC: Final = _crc_table()


def _scalars(values: Mapping[str, float], *, step: int) -> Any:
    event = tf.compat.v1.Event(step=step)
    for tag, value in values.items():
        event.summary.value.add(tag=tag, simple_value=value)
    return event


def _image(path: Path, *, step: int) -> Any:
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])  # the first chunk of a PNG
    event = tf.compat.v1.Event(step=step)
    image = event.summary.value.add(tag=f"{PLOTS}/{path.stem}").image
    image.width, image.height, image.colorspace = width, height, 4
    image.encoded_image_string = data
    return event


def _text(run: Run, *, step: int) -> Any:
    """Write the run as a text of Markdown: the place of its report, the main metric, the config."""
    lines = [f"**{run.lasting_name}**"]
    found = main_metric(run.metrics)
    if found is not None:
        split, name = found
        lines.append(f"{name} on {split} rows: {format_number(run.metrics[split][name])}")
    if run.file(REPORT).exists():
        lines.append(f"The report: `{run.file(REPORT)}`")
    config = "\n".join(f"    {line}" for line in run.read_text(CONFIG).splitlines())
    event = tf.compat.v1.Event(step=step)
    value = event.summary.value.add(tag="run")
    value.metadata.plugin_data.plugin_name = "text"
    value.tensor.dtype = tf.string.as_datatype_enum
    value.tensor.string_val.append("\n\n".join([*lines, config]).encode())
    return event


def _session_start(tracked: Tracked) -> Any:
    """Tell the hyperparameters; runs that repeat each other make one group."""
    content = b""
    for name, given in tracked.hyperparameters.items():
        content += _field(1, _field(1, name.encode()) + _field(2, _value(given)))
    same = {name: one for name, one in tracked.hyperparameters.items() if name not in _REPEATED}
    content += _field(4, digest(same)[:16].encode())
    started = datetime.fromisoformat(str(tracked.facts["started"])).timestamp()
    content += b"\x29" + struct.pack("<d", started)  # field 5, a double
    return _hparams("_hparams_/session_start_info", _field(3, content))


def _session_end(status: str) -> Any:
    content = bytes([0x08, _STATUS.get(status, 0)]) + b"\x11" + struct.pack("<d", time.time())
    return _hparams("_hparams_/session_end_info", _field(4, content))


def _hparams(tag: str, content: bytes) -> Any:
    """Give an event of the plugin HParams, whose messages only TensorBoard's package defines.

    See `HParamsPluginData` in tensorboard/plugins/hparams/plugin_data.proto.
    """
    event = tf.compat.v1.Event()
    value = event.summary.value.add(tag=tag)
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = content
    value.tensor.dtype = tf.float32.as_datatype_enum
    value.tensor.tensor_shape.dim.add(size=0)
    return event


def _value(given: bool | float | str) -> bytes:
    """Write a `google.protobuf.Value`: a double, a string or a bool."""
    if isinstance(given, str):
        return _field(3, given.encode("utf-8", "backslashreplace"))
    if isinstance(given, bool):
        return bytes([4 << 3, given])
    return b"\x11" + struct.pack("<d", given)


def _field(number: int, data: bytes) -> bytes:
    """Write a field of bytes as protocol buffers do: tag, length (varint), content."""
    size, length = len(data), b""
    while size >> 7:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data
