import os

import pytest
import ray
from ray.cluster_utils import Cluster

from soundini.cluster.connection import QUIET

NODE = {
    "num_cpus": 1,
    "memory": 4 * 10**9,
    "object_store_memory": 10**8,
    "include_dashboard": False,
}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A real cluster of three node processes on this machine: a head that does no work, and two nodes of one core."""
    before = dict(os.environ)
    os.environ.update(QUIET)
    os.environ["SOUNDINI_HOME"] = str(tmp_path_factory.mktemp("home"))
    made = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0})
    for _ in range(2):
        made.add_node(**NODE)
    yield made
    made.shutdown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def connection(cluster):
    """This process as one that gives the cluster work."""
    ray.init(cluster.address, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def driver(cluster, connection):
    """The cluster, as whole as it was before."""
    yield cluster
    while len(cluster.worker_nodes) < 2:
        cluster.add_node(**NODE)
