"""A VQGAN in its folder: ``config.json`` and safetensors weights."""

import json
from dataclasses import asdict
from pathlib import Path

import torch

from soundini.baselines.vqgan.config import VQGANConfig
from soundini.baselines.vqgan.network import VQGAN
from soundini.errors import ModelError
from soundini.settings_files import read_json
from soundini.state_files import read_state

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"


def build_vqgan(config: VQGANConfig, seed: int = 0) -> VQGAN:
    """A VQGAN of random weights, the same for the same seed; the global random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return VQGAN(config)


def config_text(config: VQGANConfig) -> str:
    """A shape as ``config.json`` tells it."""
    return json.dumps(asdict(config), indent=2) + "\n"


def load_vqgan(folder: Path) -> VQGAN:
    """Load a VQGAN onto the CPU, frozen, in float32.

    Raises:
        ModelError: a file is missing, or does not hold what the configuration says.
    """
    try:
        settings = read_json(folder / CONFIG_FILE)
        lists = {k: tuple(v) for k, v in settings.items() if isinstance(v, list)}
        config = VQGANConfig(**{**settings, **lists})
        with torch.device("meta"):
            vqgan = VQGAN(config)
        state = read_state(folder / WEIGHTS_FILE)
        vqgan.load_state_dict({k: v.float() for k, v in state.items()}, assign=True)
    except ModelError:
        raise
    except Exception as error:  # settings can be wrong in any way
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise ModelError(
            "cannot load the VQGAN in {folder}: {why}; mend the folder or train it anew",
            folder=folder,
            why=reason,
        ) from error
    return vqgan.eval().requires_grad_(False)
