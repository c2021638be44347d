"""Forked and new processes: what they tell, how they end, what becomes of them without a parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from dlrun.signals import asking_signal, stop_requests
from dlrun.sweeps.processes import fork, spawn


def told_by(child):
    """All events of a child that gets no more tasks, and how it ended."""
    child.dismiss()
    events = []
    while True:
        select.select([child.events], [], [], 10)
        more, is_closed = child.read()
        events += more
        if is_closed:
            return events, child.end()


def test_a_forked_child_tells_and_ends():
    """Events come whole and in order, however long; the exit code is what the work returns."""

    def work(_tasks, send):
        send({"number": 1, "text": "x" * 200_000})
        send({"number": 2, "nan": float("nan")})
        return 7

    events, ended = told_by(fork(work))
    assert [event["number"] for event in events] == [1, 2]
    assert len(events[0]["text"]) == 200_000
    assert ended.code == 7


def test_what_a_child_prints_is_kept():
    """On both streams, and the traceback of an error; nothing comes through to the parent."""

    def work(_tasks, _send):
        os.write(1, b"out\n")
        os.write(2, b"from C\n")
        sys.stderr = os.fdopen(2, "w", closefd=False)  # which pytest has replaced
        raise RuntimeError("broken")

    _, ended = told_by(fork(work))
    assert ended.code == 1
    assert "out" in ended.last_words
    assert "from C" in ended.last_words
    assert "RuntimeError: broken" in ended.last_words


def test_a_child_that_is_killed():
    """Its code is the negative number of the signal."""

    def work(_tasks, _send):
        os.kill(os.getpid(), signal.SIGKILL)

    assert told_by(fork(work))[1].code == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_child_that_a_signal_ends_in_good_order(number):
    """Its code tells of the signal, and no traceback is left where the work catches nothing."""

    def work(_tasks, _send):
        os.kill(os.getpid(), number)
        time.sleep(10)

    ended = told_by(fork(work))[1]
    assert (ended.code, ended.last_words) == (128 + number, "")


def test_a_child_reads_nothing_and_ends_on_sigterm():
    """Its stdin is empty, it leads its own group, and SIGTERM raises SystemExit in it."""

    def work(_tasks, send):
        try:
            send({"stdin": os.read(0, 9).decode(), "group": os.getpgrp() == os.getpid()})
            time.sleep(10)
        except SystemExit as error:
            send({"code": error.code})
            return 3
        return 0

    child = fork(work)
    select.select([child.events], [], [], 10)
    first, _ = child.read()
    child.signal(signal.SIGTERM)
    events, ended = told_by(child)
    assert [*first, *events] == [{"stdin": "", "group": True}, {"code": 143}]
    assert ended.code == 3


def test_a_child_closes_what_it_is_told_to_close():
    """The files of its siblings."""
    reader, writer = os.pipe()

    def work(_tasks, send):
        try:
            os.fstat(reader)
        except OSError:
            send({"closed": True})
        return 0

    events, _ = told_by(fork(work, closing=[reader]))
    os.close(reader)
    os.close(writer)
    assert events == [{"closed": True}]


def test_a_child_whose_parent_is_killed_ends_itself():
    """With its next event, by SIGTERM: its run is closed in good order."""
    program = """
        import os, sys, time
        from dlrun.sweeps.processes import fork

        def work(_tasks, send):
            try:
                for _ in range(100):
                    send({"pid": os.getpid()})
                    time.sleep(0.1)
            except SystemExit as error:
                os.write(answer, str(error.code).encode())
            return 0

        answer = int(sys.argv[1])
        children = []
        for _ in range(2):
            closing = [one for child in children for one in child.descriptors]
            children.append(fork(work, closing=closing))
        time.sleep(30)
    """
    reader, writer = os.pipe()
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(writer)], pass_fds=[writer]
    )
    os.close(writer)
    time.sleep(1.5)
    parent.kill()
    parent.wait()
    answers = b""
    while select.select([reader], [], [], 10)[0]:
        piece = os.read(reader, 100)
        if not piece:
            break
        answers += piece
    os.close(reader)
    assert answers == b"143143"


def test_a_spawned_child_gets_its_task():
    """By its stdin; it tells by a pipe of its own."""
    child = spawn("tests.sweeps.echo")
    child.give({"text": "ö", "number": 3})
    child.give({"text": "x" * 300_000})
    events, ended = told_by(child)
    assert events == [{"task": {"text": "ö", "number": 3}}, {"task": {"text": "x" * 300_000}}]
    assert (ended.code, ended.last_words) == (4, "printed\n")


def test_a_forked_child_takes_one_task_after_the_other():
    """Until there are no more."""

    def work(tasks, send):
        for task in tasks:
            send({"twice": 2 * task["number"]})
        return 5

    child = fork(work)
    for number in range(3):
        child.give({"number": number})
    events, ended = told_by(child)
    assert [event["twice"] for event in events] == [0, 2, 4]
    assert ended.code == 5


def test_a_task_for_a_dead_child_is_no_error():
    """Its end is told by its events."""
    child = fork(lambda _tasks, _send: 3)
    select.select([child.events], [], [], 10)
    time.sleep(0.2)
    child.give({"text": "x" * 300_000})
    assert told_by(child)[1].code == 3


def test_a_second_signal_hurries_no_child():
    """Whoever ends a job sends each signal to the parent and to the child; the parent passes it on.

    Only the parent ends a child at once, by SIGKILL.
    """

    def work(_tasks, send):
        with stop_requests() as stop:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGTERM)
            send({"asked": stop.signal_number})
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            return 1
        return 0

    events, ended = told_by(fork(work))
    assert (events, ended.code) == ([{"asked": signal.SIGTERM}], 0), ended.last_words


@pytest.mark.parametrize("ignored", [[], [signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]])
def test_a_child_can_be_asked_whatever_is_ignored(ignored):
    """What this process ignores its children ignore too; it asks them by another signal."""

    def work(_tasks, send):
        try:
            send({"ready": True})
            time.sleep(10)
        except (SystemExit, KeyboardInterrupt):
            return 3
        return 0

    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        child = fork(work)
        select.select([child.events], [], [], 10)
        child.signal(asking_signal())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert told_by(child)[1].code == 3


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_what_is_ignored_stays_ignored(number):
    """As under `nohup`."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        child = fork(
            lambda _, send: send({"ignored": signal.getsignal(number) == signal.SIG_IGN}) or 0
        )
    finally:
        signal.signal(number, before)
    assert told_by(child)[0] == [{"ignored": True}]
