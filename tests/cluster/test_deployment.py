import shlex
from pathlib import Path

import tyro
import yaml

from soundini.cli.main import Command

MANIFEST = Path(__file__).parents[2] / "deploy" / "kuberay.yaml"


def test_manifest_holds_one_job_whose_command_there_is():
    volume, job = yaml.safe_load_all(MANIFEST.read_text())
    program, *words = shlex.split(job["spec"]["entrypoint"])
    assert program == "soundini"
    command = tyro.cli(Command, args=words)
    groups = [job["spec"]["rayClusterSpec"][name] for name in ("headGroupSpec",)]
    groups += job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    for group in groups:
        pod = group["template"]["spec"]
        (claim,) = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"]]
        (mount,) = pod["containers"][0]["volumeMounts"]
        assert claim == volume["metadata"]["name"]
        assert command.file.is_relative_to(mount["mountPath"])
    asked = pod["containers"][0]["resources"]["requests"]
    assert int(asked["cpu"]) == command.worker_cpus, "a pod holds one worker"
    assert groups[-1]["maxReplicas"] == command.workers
