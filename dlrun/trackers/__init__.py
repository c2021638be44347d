"""Trackers: who else hears of a run; one file is one word of `trackers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlrun.rundir.folder import Run
    from dlrun.training.listener import Listener


@dataclass(frozen=True)
class Tracked:
    """What a tracker is told of a run before it hears of its epochs."""

    run: Run  # at work: of an extension, the folder beside the finished run
    name: str  # of the experiment
    hyperparameters: Mapping[str, bool | float | str]  # by dotted path, what is no default
    facts: Mapping[str, Any]  # what the record says so far


def open_tracker(word: str, arguments: Mapping[str, Any], tracked: Tracked) -> Listener:
    """Give what will hear of a run, by the word and the arguments of a config.

    It hears of each epoch once (`recalled` of those that an earlier process has trained, then
    `epoch_ended`), and makes what it has told before the same as that, whatever came between.
    """
    tracker: Listener = import_module(f"dlrun.trackers.{word}").track(tracked=tracked, **arguments)
    return tracker
