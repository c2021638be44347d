"""Ray clusters of this machine: Ray's own test cluster, with nodes of one CPU."""

import contextlib
import os

STORE_BYTES = 80 * 2**20
IMPATIENT = {"health_check_period_ms": 500, "health_check_failure_threshold": 4}
"""Hears of lost nodes within seconds."""


@contextlib.contextmanager
def ray_cluster(*more):
    """Start a cluster; gives it, with its nodes in `worker_nodes` beside the head.

    There is one of one CPU, or one for each of `more`, which Ray takes to make a node.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "object_store_memory": STORE_BYTES,
            "_system_config": IMPATIENT,
        },
    )
    try:
        for one in more or ({},):
            cluster.add_node(**{"num_cpus": 1, "object_store_memory": STORE_BYTES, **one})
        yield cluster
    finally:
        cluster.shutdown()
