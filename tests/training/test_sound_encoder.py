"""Training of the paper's sound encoder: the loop on a small network, then the real command on the real one."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from timm.models.swin_transformer import SwinTransformer
from torch import nn

import media_factory as make
import paper_factory
from soundini.cli import main
from soundini.errors import ConfigError
from soundini.joint.paper import PaperJointSpace
from soundini.joint.swin import SwinSoundEncoder
from soundini.training.clip_targets import ClipTargets
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.recipe import SoundEncoderRecipe, load_train_recipe
from soundini.training.sound_encoder import (
    LARGEST_SCALE,
    cyclic_lr,
    info_nce,
    new_encoder,
    prepare,
    train_sound_encoder,
)
from soundini.training.vggsound import ClipFiles, VggSoundClip
from soundini.weights.store import HOME_VARIABLE
from soundini.weights.writing import write_safetensors
from two_processes import printed_by_two

pytest.importorskip("open_clip")

COLOURS = {"fire crackling": (230, 60, 20), "sea waves": (20, 90, 220), "wind, gusting": (200,) * 3}
COUNT = 6
DIM = 24


def write_clips(folder):
    """Clips of half a second: a colour and a tone for each label, and the list of them."""
    rows = []
    for number in range(COUNT):
        label = list(COLOURS)[number % 3]
        stem = f"clip-{number}_{10 * number:06d}"
        frames = [np.full((48, 64, 3), COLOURS[label], np.uint8)] * 12
        tone = make.tone(0.5, 200 * (number + 1))
        make.write_video(folder / f"{stem}.mp4", frames, audio=tone)
        rows.append((f"clip-{number}", 10 * number, label, "train"))
    with (folder / "vggsound.csv").open("w", newline="") as file:
        csv.writer(file).writerows([*rows, ("other", 3, "rain", "test")])
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("clips"))


def made_up_targets(clips):
    """Clips whose pictures and labels lie anywhere, at unit length."""
    paths = sorted(p for p in Path(clips).iterdir() if p.suffix in (".mp4", ".wav"))
    files = [ClipFiles(VggSoundClip(p.stem, 0, "", "train"), p, p) for p in paths]
    drawn = torch.randn(2, len(files), DIM, generator=torch.Generator().manual_seed(0))
    return ClipTargets(files, *F.normalize(drawn, dim=-1), {})


def small_encoder():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # in fork_rng
        network = SwinTransformer(
            img_size=28,
            patch_size=4,
            in_chans=1,
            num_classes=DIM,
            embed_dim=16,
            depths=(2,),
            num_heads=(2,),
            window_size=7,
        )
    return prepare(SwinSoundEncoder(network, side=28))


def run(clips, folder, epochs, stop=None, workers=Workers(), encoder=None, **settings):  # noqa: B008 -- frozen
    recipe = SoundEncoderRecipe(
        epochs=epochs, **{"batch": 4, "save_every": 2, "max_lr": 0.02} | settings
    )
    losses = []
    for event in train_sound_encoder(
        encoder or small_encoder(), made_up_targets(clips), recipe, folder, workers
    ):
        if isinstance(event, TrainStep):
            losses.append(event.loss)
        if isinstance(event, CheckpointSaved) and event.step == stop:
            break
    return losses


def test_a_resumed_run_goes_on_bit_for_bit(clips, tmp_path):
    state = torch.random.get_rng_state()
    whole = run(clips, tmp_path / "whole", 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    first = run(clips, tmp_path / "parts", 5, stop=2)
    rest = run(clips, tmp_path / "parts", 5)
    assert first + rest == whole
    a, b = (load_file(tmp_path / n / "last.safetensors") for n in ("whole", "parts"))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert a["model.logit_scale_ai"] != a["model.logit_scale_at"]


def test_reading_ahead_changes_nothing(clips, tmp_path):
    assert run(clips, tmp_path / "a", 2) == run(clips, tmp_path / "b", 2, loaders=1)


@pytest.mark.long
def test_two_processes_train_as_one(clips, tmp_path):
    """The same global batch gives the same losses and weights, however many share it."""
    alone = run(clips, tmp_path / "alone", 3)
    script = tmp_path / "shared.py"
    script.write_text(
        f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(make.__file__).parent)!r}]
import torch
import test_sound_encoder as t
from soundini.training.distributed import Workers
torch.set_num_threads(1)
workers = Workers.join()
losses = t.run({str(clips)!r}, t.Path({str(tmp_path / "shared")!r}), 3, workers=workers)
workers.leave()
if workers.first:
    print(losses)
"""
    )
    printed = printed_by_two(script)
    assert json.loads(printed) == pytest.approx(alone, rel=1e-5)
    a, b = (load_file(tmp_path / n / "last.safetensors") for n in ("alone", "shared"))
    for key, value in a.items():
        torch.testing.assert_close(b[key], value, rtol=1e-4, atol=1e-6)


def test_an_encoder_learns(tmp_path):
    """Six sounds that differ in pitch and beat find their pictures and labels."""
    time = np.arange(44_100) / 44_100
    for number in range(COUNT):
        beat = np.sin(2 * np.pi * (2 + 2 * number) * time) > 0
        sound = 0.5 * beat * np.sin(2 * np.pi * 200 * 2**number * time)
        make.write_sound(tmp_path / f"{number}.wav", sound[None], 44_100)
    with torch.random.fork_rng(devices=[]):
        network = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.GELU(), nn.Linear(64, DIM))
    encoder = prepare(SwinSoundEncoder(network, side=28))
    settings = {"batch": 6, "save_every": 100, "lr": 0.02, "encoder": encoder}
    losses = run(tmp_path, tmp_path / "run", 16, **settings)
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


def test_scales_stay_within_their_bound(clips, tmp_path):
    run(clips, tmp_path, 3, lr=1e4, max_lr=1e4)
    state = load_file(tmp_path / "last.safetensors")
    assert max(float(state[f"model.logit_scale_{k}"]) for k in ("ai", "at")) <= LARGEST_SCALE


def test_info_nce_is_the_mean_of_two_cross_entropies():
    a, b = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    cosine = np.array([[float(F.cosine_similarity(x, y, dim=0)) for y in b] for x in a])
    share = np.exp(3 * cosine)
    rows, columns = (np.diag(share) / share.sum(axis) for axis in (1, 0))
    expected = -(np.log(rows).mean() + np.log(columns).mean()) / 2
    assert float(info_nce(a, b, 3.0)) == pytest.approx(expected, rel=1e-5)
    assert float(info_nce(a, b, 0.0)) == pytest.approx(np.log(5))


def test_the_learning_rate_swings_as_torchs():
    recipe = SoundEncoderRecipe(half_cycle=4)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], recipe.lr)
    theirs = torch.optim.lr_scheduler.CyclicLR(
        optimizer, recipe.lr, recipe.max_lr, recipe.half_cycle, cycle_momentum=False
    )
    for step in range(20):
        assert cyclic_lr(step, recipe) == pytest.approx(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()


def test_the_same_seed_gives_the_same_network():
    a, b, c = (new_encoder(seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(a[k], b[k]) for k in a)
    head = "feature_extractor.head.fc.weight"
    assert not torch.equal(a[head], c[head])


def test_a_folder_of_another_network_is_refused(clips, tmp_path):
    other = {"model.weight": torch.zeros(2)}
    entries = {k: (tuple(v.shape), v.dtype) for k, v in other.items()}
    notes = {"step": "1", "ema_updates": "1"}
    write_safetensors(tmp_path / "last.safetensors", entries, other.items(), notes)
    with pytest.raises(ConfigError, match="another network"):
        run(clips, tmp_path, 1)


@pytest.mark.parametrize(("batch", "workers"), [(7, Workers()), (4, Workers(0, 3))])
def test_a_batch_that_does_not_fit_is_refused(clips, tmp_path, batch, workers):
    with pytest.raises(ConfigError, match=f"batch={batch}"):
        run(clips, tmp_path, 1, batch=batch, workers=workers)


def test_the_recipe_is_whole_and_that_of_the_paper():
    recipe = load_train_recipe(SoundEncoderRecipe)
    assert set(recipe.model_fields_set) >= set(SoundEncoderRecipe.model_fields) - {"seed"}
    published = {"lr": 1e-3, "max_lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}
    published |= {"batch": 320, "epochs": 50, "masks": 2, "max_frequency": 0.15, "max_time": 0.3}
    assert {name: getattr(recipe, name) for name in published} == published


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A tiny prior and a tiny CLIP, imported; no sound encoder."""
    folder = tmp_path_factory.mktemp("paper")
    kept = {"guided_256_uncond", "clip_vit_b32"}
    others = set(paper_factory.PUBLISHED.values()) - kept
    published = paper_factory.write_published(folder / "published", *others)
    return paper_factory.import_tiny(published, folder / "home")


@pytest.mark.long
def test_the_command_trains_what_an_edit_listens_with(home, tmp_path, monkeypatch, capsys):
    """From clips to a checkpoint, through its import, to an edit; on the way the run is left and goes on."""
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    (tmp_path / "clips").mkdir()
    clips = write_clips(tmp_path / "clips")
    (clips / "clip-1_000010.mp4").unlink()
    whole = (clips / "clip-2_000020.mp4").read_bytes()
    (clips / "clip-2_000020.mp4").write_bytes(whole[: len(whole) // 2])
    checkpoint, folder = tmp_path / "swin.safetensors", tmp_path / "run"
    asked = ["train", "sound-encoder", str(clips), "--run", str(folder), "-o", str(checkpoint)]
    asked += ["--device", "cpu", "--set", "batch=2", "--set", "loaders=0"]

    assert main([*asked, "--set", "epochs=1", "--set", "save_every=1"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(told) == 1
    assert "1 missing (clip-1_000010), 1 damaged (clip-2_000020; " in told[0]
    assert main([*asked, "--set", "epochs=2"]) == 0
    with (folder / "log.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]

    assert main(["weights", "import", str(checkpoint)]) == 0
    assert "trained by soundini" in capsys.readouterr().out
    models = home / "models"
    space = PaperJointSpace.from_folders(models / "clip_vit_b32", models / "swin_audio")
    trained = new_encoder(0)
    average = load_file(folder / "last.safetensors")
    trained.load_state_dict({k[4:]: v for k, v in average.items() if k.startswith("ema.")})
    windows = torch.rand(2, 128, 864, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(space.sound_encoder(windows), trained(windows))
        assert not torch.allclose(trained(windows), new_encoder(0)(windows))

    video = make.write_video(tmp_path / "in.mp4", 2)
    sound = make.write_sound(tmp_path / "tone.wav", make.tone(0.3))
    edit = ["edit", str(video), "--sound", str(sound), "--box", "24,12,40,40"]
    small = ["--models", "paper-256", "--set", "sampling.steps=1", "--set", "region.size=32"]
    assert main([*edit, "-o", str(tmp_path / "out.mp4"), *small]) == 0, capsys.readouterr().err
    record = json.loads((tmp_path / "out.recipe.json").read_text())
    assert "swin_audio" in record["models"]["sha256"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--set", "batch=7"), "batch=7 is more than the 6 clips"),
        (("--set", "momentum=1"), "momentum"),
        (("--manifest", "nowhere.csv"), "cannot read nowhere.csv"),
        (("-o", "encoder.pth"), "must end in .safetensors"),
        (("--clip", "clip_vit_b16"), "clip_vit_b16 is missing"),
    ],
)
def test_mistakes_are_told_in_one_line(home, clips, tmp_path, monkeypatch, capsys, more, says):
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    output = tmp_path / "swin.safetensors"
    asked = ["train", "sound-encoder", str(clips), "--run", str(tmp_path), "-o", str(output)]
    assert main([*asked, "--device", "cpu", "--set", "loaders=0", *more]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not output.exists()
