"""Short trainings of the embedded models on made-up data, for the tests of each and of several processes."""

import json
import multiprocessing
import os
import socket
import sys
from pathlib import Path

import torch

import media_factory as make
from soundini.joint.listening import STRIDE
from soundini.joint.towers import SoundHead
from soundini.packs.debug import debug_pack
from soundini.training.classes import CLASSES
from soundini.training.composites.crops import CompositeCrops, CompositeShares
from soundini.training.composites.material import Photographs
from soundini.training.directions import class_directions
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.image_tower import train_image_tower
from soundini.training.images import LabelledImages
from soundini.training.prior import train_prior
from soundini.training.recipe import JointRecipe, PriorRecipe
from soundini.training.recordings import HeardWindows, load_recordings
from soundini.training.sound_tower import SoundTower, train_sound_tower

EFFECT_TINTS = {
    "fire": (1, 0.5, 0.1),
    "generic": (0.5, 0.5, 0.5),
    "sea": (0.2, 0.6, 0.8),
    "snow": (0.9, 0.95, 1),
    "storm": (0.3, 0.2, 0.5),
    "clouds": (0.7, 0.7, 0.8),
    "underwater": (0, 0.3, 0.9),
    "waterfall": (0.4, 0.7, 0.6),
}


def coloured_photographs(folder):
    """Coloured noise for every label that effects take parts from, and what they are drawn into."""
    make.write_pictures(folder, EFFECT_TINTS, 40, "{}.png")
    return Photographs(LabelledImages(folder))


def composite_crops(data, **shares):
    options = {k: v for k, v in shares.items() if v is not None}
    photographs = Photographs(LabelledImages(Path(data)))
    return CompositeCrops(photographs, CompositeShares(**options), class_directions(32))


def run_prior(data, folder, steps=3, stop=None, workers=Workers()):  # noqa: B008 -- frozen
    recipe = PriorRecipe(steps=steps, batch=4, sizes={32: 1.0}, warmup=2, save_every=2)
    crops = composite_crops(data)
    events = train_prior(debug_pack().denoiser, crops, None, recipe, folder, workers)
    return losses_of(events, stop)


RECIPE = JointRecipe(
    sound_steps=4, sound_batch=4, steps=4, batch=8, size=32, denoised=2, save_every=2
)


def run_sound(sounds, folder, stop=None, taught=True, workers=Workers()):  # noqa: B008 -- frozen
    joint = debug_pack().joint
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tower = SoundTower(joint.sound_network, SoundHead(len(CLASSES), joint.sound_network.width))
    recordings = load_recordings(Path(sounds), joint.mel)
    said = [torch.randn(16, -(-r.power.shape[1] // STRIDE), generator=seeded()) for r in recordings]
    windows = HeardWindows(recordings, said if taught else [])
    events = train_sound_tower(tower, windows, RECIPE, folder, workers)
    return losses_of(events, stop)


def run_image(data, folder, stop=None, attacks=None, workers=Workers()):  # noqa: B008 -- frozen
    pack = debug_pack()
    directions = class_directions(32)
    embeds = torch.stack(list(directions.values()))
    events = train_image_tower(
        pack.joint.image_tower,
        pack.denoiser,
        LabelledImages(Path(data)),
        (embeds, torch.eye(len(CLASSES))),
        directions,
        RECIPE,
        folder,
        attacks,
        workers,
    )
    return losses_of(events, stop)


def losses_of(events, stop):
    losses = []
    for event in events:
        if isinstance(event, TrainStep):
            losses.append(event.loss)
        if isinstance(event, CheckpointSaved) and event.step == stop:
            break
    return losses


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


RUNS = {"prior": run_prior, "sound": run_sound, "image": run_image}


def in_one_of_two(rank, port, data, folder):
    """All of them as one of two processes; the first says the losses."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2"}
    torch.set_num_threads(1)
    workers = Workers.join()
    losses = {k: run(data, Path(folder, k), workers=workers) for k, run in RUNS.items()}
    workers.leave()
    if workers.first:
        print(json.dumps(losses), flush=True)


def main(data, folder):
    """Fork into two, so that the libraries are imported once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    both = [fork.Process(target=in_one_of_two, args=(i, port, data, folder)) for i in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    sys.exit(any(process.exitcode for process in both))


if __name__ == "__main__":
    main(*sys.argv[1:])
