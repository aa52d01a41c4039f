"""What the fuzzer found in packs and checkpoints, each once more by name."""

import json

import pytest

from soundini.diffusion.schedule import NoiseSchedule
from soundini.errors import ModelError
from soundini.packs.denoiser import load_denoiser
from soundini.packs.loading import read_config
from soundini.weights.reading import read_checkpoint


@pytest.mark.parametrize("content", ["[]", '{"name": 1}', "[" * 100_000, "null"])
def test_packs_that_describe_none_are_refused(tmp_path, content):
    (tmp_path / "pack.json").write_text(content)
    with pytest.raises(ModelError, match=r"pack\.json"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"layers_per_block": 10**9},
        {"block_out_channels": [32] * 5000},
        {"block_out_channels": [2**14] * 2},
    ],
)
def test_networks_larger_than_their_weights_are_not_built(tmp_path, debug, changes):
    debug.denoiser.unet.save_pretrained(tmp_path / "unet")
    (tmp_path / "scheduler_config.json").write_text('{"beta_schedule": "linear"}')
    config = tmp_path / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))
    with pytest.raises(ModelError, match=r"layers_per_block|levels|asks for"):
        load_denoiser(tmp_path, {"unshuffle": 2}, None)


@pytest.mark.parametrize("steps", [2**63, 0, -1, "many"])
def test_schedules_without_end_are_refused(steps):
    with pytest.raises(ValueError, match="num_train_timesteps"):
        NoiseSchedule.from_diffusers({"num_train_timesteps": steps})


def test_archive_with_a_damaged_directory_is_refused(tmp_path):
    import torch

    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(3)}, path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"PK\x01\x02", b"PK\x01\x03", 1))
    with pytest.raises(ModelError, match=r"a\.pt"):
        read_checkpoint(path)
