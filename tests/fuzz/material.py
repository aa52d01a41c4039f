"""Valid files of every kind that soundini reads, small, for the fuzzer to damage."""

import json
import zipfile

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

import media_factory as make
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.request import EditRequest, MaskRequest
from soundini.jobs.job import Job
from soundini.jobs.run import run_job
from soundini.packs.debug import debug_pack

SIZE = (32, 48)
QUICK = ("sampling.steps=2", "region.size=32", "window.frames=4", "sound.envelope=off")

VIDEOS = {
    "a.mp4": {},
    "turned.mov": {"rotation": 90},
    "b.mkv": {},
    "c.avi": {"codec": "mpeg4"},
    "d.ts": {},
    "e.nut": {"codec": "ffv1"},
}
SOUNDS = ("a.wav", "b.flac", "c.ogg", "d.mp3", "e.wav")
IMAGES = ("a.png", "b.jpg", "c.tif", "d.gif", "e.webp", "f.bmp", "g.png", "h.png")


def make_material(folder):
    """Write all of it: ``videos``, ``sounds``, ``masks``, ``weights``, ``pack``, ``jobs``, ``texts``."""
    for name in ("videos", "sounds", "masks", "weights", "texts", "frames"):
        (folder / name).mkdir(parents=True)
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 6000)).astype(np.float32)
    for name, options in VIDEOS.items():
        tone = None if name == "e.nut" else make.tone(0.25)
        codec = "mp2" if name.endswith((".avi", ".ts")) else "aac"
        make.write_video(
            folder / "videos" / name, 6, size=SIZE, audio=tone, audio_codec=codec, **options
        )
    for name in SOUNDS:
        make.write_sound(folder / "sounds" / name, noise)
    _write_masks(folder)
    _write_weights(folder / "weights")
    _write_pack(folder / "pack")
    request = EditRequest(
        video=folder / "videos" / "a.mp4",
        sound=str(folder / "sounds" / "a.wav"),
        output=folder / "texts" / "out.mp4",
        mask=MaskRequest(paths=(str(folder / "masks" / "a.png"),)),
        recipe=override(Recipe(), QUICK),
        models="debug",
    )
    for _ in run_edit(prepare_edit(request)):
        pass
    request.output.unlink()
    _write_job(folder / "job", request)
    _write_texts(folder)


def _write_masks(folder):
    mask = make.disc_mask(SIZE, 10)
    for name in IMAGES[:6]:
        make.write_image(folder / "masks" / name, mask)
    levels = (mask * 65535).astype(np.uint16)
    Image.fromarray(levels).save(folder / "masks" / "g.png")
    alpha = np.dstack([np.full((*SIZE, 3), 255, np.uint8), (mask * 255).astype(np.uint8)])
    make.write_image(folder / "masks" / "h.png", alpha)
    for number in range(6):
        make.write_image(folder / "frames" / f"{number}.png", mask)


def _write_weights(folder):
    state = {"a.weight": torch.arange(12.0).reshape(3, 4), "a.bias": torch.ones(3)}
    save_file(state, folder / "a.safetensors", {"soundini": "random weights"})
    torch.save(state, folder / "b.pt")
    torch.save({"state_dict": state}, folder / "c.ckpt", _use_new_zipfile_serialization=False)
    module = torch.jit.script(torch.nn.Linear(4, 3))
    module.save(folder / "d.pt")
    with zipfile.ZipFile(folder / "e.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("e/data.pkl", b"\x80\x02}q\x00." + b"\0" * 1_000_000)


def _write_pack(folder):
    pack = debug_pack()
    pack.denoiser.unet.save_pretrained(folder / "unet")
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(
        json.dumps({"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2"})
    )
    (folder / "pack.json").write_text(json.dumps({"name": "tiny", "unshuffle": 2}))


def _write_job(folder, request):
    """A job that was stopped after its first window, in the middle of the second."""
    edit = prepare_edit(request)
    seen = set()
    with Job.create(edit, folder) as job:
        for event in run_job(job, edit, 0.0):
            seen.add(getattr(event, "window", 0))
            if len(seen) > 1:
                break
    edit.close()


def _write_texts(folder):
    texts = folder / "texts"
    (texts / "plain.json").write_text(override(Recipe(), QUICK).model_dump_json())
    clip = {"clip": "videos/a.mp4", "box": "0.2,0.2,0.5,0.5"}
    suite = {
        "clips": [clip],
        "sounds": {"fire": "sounds/a.wav"},
        "variants": {"ours": [], "weak": ["guidance.strength=0.01"]},
    }
    (texts / "suite.yaml").write_text(yaml.safe_dump(suite))
    (texts / "clips.yaml").write_text(yaml.safe_dump([clip]))
    (texts / "prior.yaml").write_text(yaml.safe_dump({"steps": 10}))
