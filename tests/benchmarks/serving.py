"""`dlrun serve` asked over HTTP, against TensorFlow's own call on the same rows in its process."""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.benchmarks.rows import Row
from tests.conftest import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CELLS = {
    "sepal_length_cm": 5.9, "sepal_width_cm": 2.7, "petal_length_cm": 4.2, "petal_width_cm": 1.3,
}  # fmt: skip
CLIENTS = 4

# Keras's `predict` makes a data pipeline for each call; this is the quick way of the two.
PLAIN = """\
import json, sys, time
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
row = np.array([[5.9, 2.7, 4.2, 1.3]], "float32")
model.predict_on_batch(row)
times = []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    model.predict_on_batch(row)
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""


def serve_one_row(tiny: bool) -> Row:
    """Time one row a request, one request after the other: the slowest of a hundred."""
    with _asked(50 if tiny else 2000) as (ours, theirs, each_second):
        note = (
            f"p99 of one row a request, against the p99 of `predict_on_batch`; medians "
            f"{statistics.median(ours) * 1e3:.2f} and {statistics.median(theirs) * 1e3:.2f} ms; "
            f"{CLIENTS} clients at once get {each_second:.0f} answers a second"
        )
        percentiles = [statistics.quantiles(one, n=100)[98] for one in (ours, theirs)]
    return Row("serve one row", "s", *percentiles, goal=10.0, faster=False, note=note)


@contextlib.contextmanager
def _asked(times: int) -> Iterator[tuple[list[float], list[float], float]]:
    """Serve a run over irises: the seconds of each request, of each call, and answers a second."""
    words = [sys.executable, "-m", "dlrun"]
    with tempfile.TemporaryDirectory() as name:
        trained = subprocess.run(
            [*words, "train", str(CONFIGS / "iris.yaml"), "--no-report", "-q", "--runs-dir", name],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        run = trained.stdout.strip()
        server = subprocess.Popen(
            [*words, "serve", run, "--port", "0", "-q"], stdout=subprocess.PIPE, text=True
        )
        try:
            where = urlsplit(server.stdout.readline().strip()).netloc  # type: ignore[union-attr]
            ours = _ask(where, times)
            each_second = _together(where, times)
        finally:
            server.terminate()
            server.communicate()
        plain = subprocess.run(
            [sys.executable, "-c", PLAIN, f"{run}/model.keras", str(times)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        yield ours, json.loads(plain.stdout), each_second


def _ask(where: str, times: int) -> list[float]:
    seconds = []
    body = json.dumps({"instances": [CELLS]})
    with contextlib.closing(http.client.HTTPConnection(where, timeout=60)) as connection:
        for _ in range(times):
            began = time.perf_counter()
            connection.request("POST", "/v1/models/iris:predict", body)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            seconds.append(time.perf_counter() - began)
            if answer.status != 200 or told["predictions"][0]["predicted"] != "versicolor":
                raise RuntimeError(f"the server says {told}")
    return seconds


def _together(where: str, times: int) -> float:
    """Give the answers a second of several clients at once."""
    clients = [
        threading.Thread(target=_ask, args=(where, times // CLIENTS)) for _ in range(CLIENTS)
    ]
    began = time.perf_counter()
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return times // CLIENTS * CLIENTS / (time.perf_counter() - began)


BENCHMARKS: Sequence[Callable[[bool], Row]] = (
    (serve_one_row,) if find_spec("starlette") and find_spec("uvicorn") else ()
)
