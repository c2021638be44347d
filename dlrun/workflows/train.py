"""`dlrun train`: from a config to a complete run folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.config import Experiment
from dlrun.config.stored import recorded
from dlrun.execution.cluster import check_shared
from dlrun.execution.identity import Machine, identity_of, weights_hash
from dlrun.execution.opening import OpenedRun, open_trained
from dlrun.execution.options import RunOptions
from dlrun.execution.origin import kept_origin, logging_how_it_ends, recorded_origin
from dlrun.execution.run import (
    ActiveRun,
    TrainOutcome,
    execute_run,
    finish,
    leaving_nothing,
    place_of,
    prepare,
    telling_where,
)
from dlrun.execution.tracking import tracking
from dlrun.rundir.environment import surroundings
from dlrun.rundir.folder import Run, create_run, open_run
from dlrun.rundir.integrity import seal
from dlrun.rundir.names import CONFIG, ORIGIN
from dlrun.rundir.record import recording
from dlrun.training.listener import Listener

if TYPE_CHECKING:
    from dlrun.execution.assembly import GraphCache


def train(experiment: Experiment, options: RunOptions, listener: Listener) -> TrainOutcome:
    """Train an experiment and leave a complete run folder behind.

    Raises:
        DlrunError: The run ended otherwise; the folder says how, and holds what was trained. Where
            config, data or device are wrong and nothing was trained, there is no folder.
    """
    check_shared(experiment, options.cluster, options.device)
    beginning = Beginning.of(experiment, options, surroundings())
    run = create_run(options.runs_dir, experiment.name)
    return train_in(run, beginning, options, listener)


@dataclass(frozen=True)
class Beginning:
    """What is known of a run before its folder is made."""

    experiment: Experiment
    config: str  # as it will stand in the folder
    facts: Mapping[str, Any]  # for the record
    origin: Mapping[str, Any]  # for a file of its own, see `kept_origin`
    source: OpenedRun | None  # a run from whose weights to begin

    @classmethod
    def of(
        cls, experiment: Experiment, options: RunOptions, environment: Mapping[str, Any]
    ) -> Beginning:
        """Tell it; `environment` is what `surroundings` says, and what else is recorded."""
        environment = dict(environment)
        changes = environment.pop("changes", None)
        source = (
            None
            if options.source is None
            else open_trained(open_run(options.source, options.runs_dir))
        )
        weights = None if source is None else weights_hash(source.run.record)
        machine = Machine.of(
            environment,
            device=options.device,
            threads=options.threads or 0,
            cluster=options.cluster,
        )
        config = experiment.to_yaml()
        facts = {
            "command": list(options.command),
            **environment,
            **recorded_origin(experiment),
            "identity": identity_of(experiment, machine, source=weights),
            "seed": experiment.seed,
            "seal": seal(config),
            **recorded(experiment),
        }
        if source is not None:
            facts |= {"from": str(source.run.path.resolve()), "from_weights": weights}
        return cls(experiment, config, facts, kept_origin(experiment, changes), source)


def train_in(
    run: Run,
    beginning: Beginning,
    options: RunOptions,
    listener: Listener,
    graph_cache: GraphCache | None = None,
) -> TrainOutcome:
    """Train an experiment in a new folder, see `train`.

    `graph_cache` has assembled the runs of this process before.
    """
    began = time.perf_counter()
    experiment = beginning.experiment
    with tracking(experiment, listener) as heard:
        with (
            telling_where(run, listener),
            leaving_nothing(run),
            recording(run, beginning.facts) as record,
            logging_how_it_ends(run, options.command),
        ):
            active = ActiveRun(run, record, heard)
            run.write_text(CONFIG, beginning.config)
            run.write_json(ORIGIN, beginning.origin)
            active.warn_of_no_key()
            prepared = prepare(experiment, options, listener, begins=True, graph_cache=graph_cache)
            listener.message(place_of(run))
            trained = execute_run(
                experiment, prepared, active, source=beginning.source, pauses=options.pauses
            )
        return finish(trained, run, heard, report=options.report, began=began)
