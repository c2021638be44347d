"""Who may ask the board, for what: a stranger's page, user, run folder or request gets nothing."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from dlrun.serving.board import app as serving
from dlrun.serving.board.files import FILE_POLICY, PAGE_POLICY
from tests.serving.board.conftest import JSON

WRITES = ("notes", {"add": "mine"})


def files_of(board, name="good"):
    """The files of a run, by their names."""
    (run,) = [one["run"] for one in board("runs")["runs"] if name in one["name"]]
    return run, {one["name"]: one for one in board("run", {"run": run})["files"]}


def test_without_the_key_there_is_nothing(board):
    """Another user of the machine gets the empty page, and is told what to do."""
    assert board.get("/").status == 200
    assert "my runs" not in board.get("/").text
    for words in ({}, {"authorization": "Bearer x"}, {"authorization": board.keys.lasting},
                  {"authorization": f"Bearer {board.keys.files}"}):  # fmt: skip
        answer = board.http.ask("POST", "/api/runs", b"{}", {**JSON, **words})
        assert (answer.status, "has printed" in answer.json()["error"]) == (401, True)
    assert board.get("/files/x/comparison.html").status == 404
    assert board.get(f"/files/{board.keys.lasting}/comparison.html").status == 404


def test_a_key_that_opens_once(board):
    """The address that a browser is started with is of no use to who sees it afterwards."""
    once = board.keys.once()

    def opened(key):
        answer = board.http.ask("POST", "/api/open", json.dumps({"key": key}).encode(), JSON)
        return answer.status, answer.json().get("key")

    assert opened(once) == (200, board.keys.lasting)
    assert opened(once)[0] == 401
    assert opened(board.keys.lasting) == (200, board.keys.lasting)
    for wrong in ("", "x", "ä", board.keys.files):
        assert opened(wrong)[0] == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 400),
        ({"host": "127.0.0.1.evil.example"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"authorization": ""}, 401),
        ({"origin": "http://127.0.0.1:8001", "sec-fetch-site": "same-origin"}, 200),
        ({"host": "localhost:8001"}, 200),
    ],
)
def test_other_pages_of_the_browser_neither_read_nor_write(board, headers, status):
    """Whatever such a page lets a browser send, even with the key; nothing is allowed to it."""
    what, asked = WRITES
    run, _ = files_of(board)
    for question in ((what, {**asked, "run": run}), ("runs", {})):
        answer = board.post(*question, **headers)
        assert answer.status == status, answer.text
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert ("mine" in board("run", {"run": run})["labels"]) == (status == 200)


def test_nothing_is_written_by_looking(board, runs_dir):
    """GET changes nothing, and there are no other ways to write."""
    before = {path: path.stat().st_mtime_ns for path in runs_dir.rglob("*")}
    run, _ = files_of(board)
    board("curves", {"runs": {run: None}})
    board("compare", {"runs": [one["run"] for one in board("runs")["runs"]]})
    assert board.get("/api/notes").status == 405
    assert board.http.ask("DELETE", "/api/notes", b"", board.bearer).status == 405
    assert board.refusal("notes", {"run": run}) == "the request: expected note, add or remove."
    assert {path: path.stat().st_mtime_ns for path in runs_dir.rglob("*")} == before


def test_labels_and_the_note_are_written(board, dlrun, runs_dir):
    """By the same rules as by `dlrun label` and `dlrun note`, which see them."""
    run, _ = files_of(board, "poor")
    at = ("--runs-dir", runs_dir)
    assert board("notes", {"run": run, "add": " näh "})["labels"] == ["näh"]
    assert dlrun("label", run, *at).out == "näh\n"
    assert "cannot hold a comma" in board.refusal("notes", {"run": run, "add": "a,b"})
    assert "at most 60" in board.refusal("notes", {"run": run, "add": "x" * 61})
    assert "has no label 'y'" in board.refusal("notes", {"run": run, "remove": "y"})
    assert board("notes", {"run": run, "remove": "näh"})["labels"] == []
    told = board("notes", {"run": run, "note": "two\nlines", "before": None})
    assert told == {"labels": [], "note": "two\nlines"}
    assert dlrun("note", run, *at).out == "two\nlines\n"


def test_what_another_has_written_meanwhile_stays(board, dlrun, runs_dir):
    """A note is written in the place of the one that was read, or not at all."""
    run, _ = files_of(board, "poor")
    dlrun("note", run, "from the terminal", "--runs-dir", runs_dir)
    for before in (None, "", "another"):
        refusal = board.refusal("notes", {"run": run, "note": "mine", "before": before})
        assert "the note was changed meanwhile" in refusal
    assert dlrun("note", run, "--runs-dir", runs_dir).out == "from the terminal\n"
    told = board("notes", {"run": run, "note": "", "before": "from the terminal"})
    assert told["note"] is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 9000, b"[]", b'"x"', b"\xff", b'{"run": ["x"]}', b'{"run": ""}']
)
def test_bodies_that_are_none(board, body):
    """They are refused, by what is wrong with them."""
    answer = board.http.ask("POST", "/api/run", body, board.bearer)
    assert answer.status == 400
    assert answer.json()["error"]


def test_limits(board):
    """Of a body, and of how many runs are read at once."""
    assert board.http.ask("POST", "/api/run", b"x" * 300_000, board.bearer).status == 413
    many = [f"run {number}" for number in range(25)]
    assert "at most 24" in board.refusal("curves", {"runs": dict.fromkeys(many)})
    assert "at most 24" in board.refusal("compare", {"runs": many})
    assert "takes two runs" in board.refusal("compare", {"runs": []})
    assert board.refusal("compare", {"runs": "x"}) == "runs: expected a list of runs."


def test_every_answer_is_shut(board, runs_dir):
    """Nothing is kept by the browser, guessed, told to other pages, or framed by them."""
    (good,) = runs_dir.glob("*_good_*")
    (good / "report.html").write_text("<p>fine</p>")
    _, files = files_of(board)
    addresses = ["/", *(f"/static/{name}" for name in serving._OWN)]
    answers = [board.get(one) for one in [*addresses, *(one["address"] for one in files.values())]]
    answers.append(board.post("runs"))
    for answer in answers:
        assert answer.status == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    policy = answers[0].headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "<script>" not in answers[0].text


def test_files_come_as_what_they_are_without_rights(board, runs_dir):
    """Pages and pictures of a folder, which may be a stranger's, in a sandbox; all else as text."""
    (good,) = runs_dir.glob("*_good_*")
    hostile = "<script>fetch('/api/runs')</script>"
    (good / "plots").mkdir()
    (good / "predictions").mkdir()
    wanted = {
        "report.html": ("text/html; charset=utf-8", PAGE_POLICY),
        "plots/a b.svg": ("image/svg+xml", FILE_POLICY),
        "plots/loss.png": ("image/png", FILE_POLICY),
        "plots/loss.pdf": ("application/pdf", FILE_POLICY),
        "predictions/test.csv": ("text/plain; charset=utf-8", FILE_POLICY),
        "log.txt": ("text/plain; charset=utf-8", FILE_POLICY),
    }
    for name in wanted:
        (good / name).write_text(hostile)
    _, files = files_of(board)
    for name, (content_type, policy) in wanted.items():
        answer = board.get(files[name]["address"])
        assert (answer.status, answer.text) == (200, hostile)
        assert answer.headers["content-type"] == content_type
        assert answer.headers["content-security-policy"] == policy
    assert board.get(files["plots/loss.pdf"]["address"]).headers["content-disposition"]
    for policy in (PAGE_POLICY, FILE_POLICY):
        assert policy.startswith("sandbox;")
        assert "script" not in policy
        assert "allow-" not in policy


def test_no_path_leads_anywhere_else(board, runs_dir):
    """Files that nobody named, hidden ones, links, pipes, and whatever is not in a run."""
    (good,) = runs_dir.glob("*_good_*")
    (runs_dir.parent / "secret.txt").write_text("secret")
    (runs_dir / "comparison.html").write_text("<p>side by side</p>")
    (good / "weights.safetensors").write_text("secret")
    (good / "mine.html").write_text("secret")
    (good / "plots").symlink_to(runs_dir.parent)
    (good / "report.html").symlink_to(runs_dir.parent / "secret.txt")
    os.link(runs_dir.parent / "secret.txt", good / "log.txt")
    os.mkfifo(good / "model.txt")
    _, files = files_of(board)
    assert "config.yaml" in files
    assert not {"report.html", "model.txt", "weights.safetensors", "mine.html"} & set(files)
    root = f"/files/{board.keys.files}"
    assert board.get(f"{root}/comparison.html").status == 200
    for path in (
        "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", f"{good.name}/../../secret.txt",
        f"{good.name}/plots/secret.txt", f"{good.name}/report.html", f"{good.name}/log.txt",
        f"{good.name}/model.txt", f"{good.name}/weights.safetensors", f"{good.name}/mine.html",
        f"{good.name}/.lock", f"{good.name}//config.yaml", f"{good.name}/", "", "/etc/passwd",
        f"{good.name}/config.yaml%00", "rates/sweep.html",
    ):  # fmt: skip
        answer = board.get(f"{root}/{path}")
        assert answer.status == 404, path
        assert b"secret" not in answer.body.replace(b"secret.txt", b"")


def test_a_name_in_the_package_is_all_that_is_sent_of_it(board):
    """No path leads out of what the page needs."""
    for path in ("app.py", "..%2fapp.py", "../app.py", "uPlot.LICENSE", ""):
        assert board.get(f"/static/{path}").status == 404


def test_the_charting_library_is_as_it_was_published():
    """As npm has uPlot 1.6.32, with its licence: nobody has edited it here."""
    published = {
        "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
        "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    }
    for name, wanted in published.items():
        content = (serving._STATIC / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == wanted
