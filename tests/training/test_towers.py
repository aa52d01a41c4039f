"""The towers of the embedded joint space in training: what they hear, what they see, and that a run goes on."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from soundini.cli import main
from soundini.errors import ModelError
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.joint.towers import SoundHead, SoundNetwork
from soundini.packs.debug import debug_pack
from soundini.packs.loading import load_pack
from soundini.training.aisfx import AiSFX, taught_features
from soundini.training.attacks import Attacks, attack
from soundini.training.classes import CLASSES, NONE
from soundini.training.directions import class_directions, face_directions
from soundini.training.image_tower import contrastive_loss, fit_image_head
from soundini.training.images import LabelledImages
from soundini.training.mixtures import softened_like_noise
from soundini.training.recordings import (
    HeardWindows,
    Recording,
    load_recordings,
    targets_of,
)
from soundini.training.sound_head import FOLDS, fit_sound_head, gather, listen_to
from soundini.training.sounds import sound_features
from training_runs import RECIPE, run_image, run_sound, seeded


@pytest.mark.parametrize("run", [run_sound, run_image])
def test_a_resumed_run_goes_on_bit_for_bit(run, sounds, tmp_path):
    whole = run(sounds, tmp_path / "whole")
    first = run(sounds, tmp_path / "parts", stop=2)
    assert first + run(sounds, tmp_path / "parts") == whole
    a, b = (load_file(tmp_path / n / "last.safetensors") for n in ("whole", "parts"))
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_nothing_is_drawn_from_the_global_random_state(sounds, tmp_path):
    before = torch.get_rng_state()
    run_sound(sounds, tmp_path / "sound")
    run_image(sounds, tmp_path / "image")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_sound_tower_needs_no_teacher(sounds, tmp_path):
    assert run_sound(sounds, tmp_path / "a", taught=False) != run_sound(sounds, tmp_path / "b")


def test_directions_are_at_right_angles_and_the_same_for_ever():
    basis = torch.stack(list(class_directions(64).values()))
    torch.testing.assert_close(basis @ basis.T, torch.eye(len(CLASSES)), atol=1e-5, rtol=0)
    assert all(torch.equal(v, class_directions(64)[k]) for k, v in class_directions(64).items())


def test_a_quiet_effect_is_hardly_one():
    kinds = torch.zeros(3, dtype=torch.long)
    targets = targets_of(kinds, torch.tensor([0.0, -15.0, -60.0]))
    assert targets[:, 0].tolist() == pytest.approx([1, 0.5, 0])
    assert targets[:, CLASSES.index(NONE)].tolist() == pytest.approx([0, 0.5, 1])


def test_what_is_heard_is_a_distribution_and_louder_is_more(sounds):
    windows = HeardWindows(load_recordings(sounds, debug_pack().joint.mel))
    heard = windows.draw(64, np.random.default_rng(0))
    torch.testing.assert_close(heard.targets.sum(1), torch.ones(64))
    assert torch.isfinite(heard.windows).all()
    effect = 1 - heard.targets[:, CLASSES.index(NONE)]
    level = heard.windows.amax((1, 2))
    assert float(level[effect > 0.9].mean()) > float(level[effect < 0.3].mean())


def test_features_are_those_of_each_recording(sounds):
    joint = debug_pack().joint
    recordings = load_recordings(sounds, joint.mel)
    features = sound_features(recordings, joint, gains_db=(0.0, -15.0))
    assert features.recording.unique().tolist() == list(range(len(recordings)))
    alone = sound_features(recordings[2:3], joint)
    mine = (features.recording == 2) & (features.targets.amax(1) > 0.9)
    torch.testing.assert_close(features.features[mine], alone.features)


def test_the_teacher_over_time_is_the_teacher_of_a_window():
    """Far from the ends of a window, convolving all of a recording at once says the same."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = AiSFX().eval()
    power = torch.rand(96, 200, generator=seeded())
    whole = taught_features(network, Recording("a", "", "", 0, power))
    part = taught_features(network, Recording("a", "", "", 0, power[:, 40:160]))
    assert whole.shape == (512, 25)
    torch.testing.assert_close(whole[:, 10:15], part[:, 5:10], atol=1e-4, rtol=1e-3)


def test_the_network_of_the_pack_says_what_the_teacher_says():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        teacher = AiSFX().eval()
    for norm in (module for module in teacher.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.running_mean.uniform_(-0.1, 0.1, generator=seeded(1))
        norm.running_var.uniform_(0.5, 2, generator=seeded(2))
    windows = torch.rand(2, 40, 32, generator=seeded(3))
    network = SoundNetwork()
    teacher.fold_into(network)
    with torch.no_grad():
        said = network(windows)
        assert said.shape == (2, network.width, 5)
        torch.testing.assert_close(said[:, :512], teacher(windows), atol=1e-5, rtol=1e-4)


@pytest.fixture
def hearing():
    """A joint space with a random sound network."""
    network, directions = SoundNetwork((16, 32, 64, 128)), class_directions(32)
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(0, weight[0].numel() ** -0.5, generator=seeded(weight.numel()))
    head = SoundHead(len(directions), network.width)
    return EmbeddedJointSpace(debug_pack().joint.image_tower, network, head, prototypes=directions)


def test_the_sound_head_tells_the_classes_apart(sounds, hearing):
    """A probe of what a network says names the recordings it was fitted on."""
    recordings = load_recordings(sounds, hearing.mel)
    steps = listen_to(hearing, recordings)
    network, head = hearing.sound_network, hearing.sound_head
    examples = gather(network, recordings, steps, drawn=4, pairs=0, tones=0, noises=0)
    assert fit_sound_head(head, examples) > 0
    shares = torch.stack([hearing.step_shares(each).mean(0) for each in steps])
    named = [hearing.sound_classes[number] for number in shares.argmax(1)]
    right = [name == CLASSES[r.kind] for name, r in zip(named, recordings, strict=True)]
    assert np.mean(right) > 0.9


def test_the_sound_head_doubts_what_is_unlike_all_it_knows(sounds, hearing):
    """The further from the examples, the less sure it is; what it is likeliest to be stays the same."""
    recordings = load_recordings(sounds, hearing.mel)
    steps = listen_to(hearing, recordings)
    head = hearing.sound_head
    examples = gather(hearing.sound_network, recordings, steps, drawn=4, pairs=0, tones=0, noises=0)
    fit_sound_head(head, examples)
    known = examples.features[examples.whole >= 0]
    mean = examples.features.mean(0)
    for name, spread in (("known", 1), ("strange", 3), ("stranger", 9)):
        x = mean + spread * (known - mean)
        plain = F.linear(x, head.weight, head.bias) + head.outer(F.gelu(head.inner(x)))
        distance = (plain / head(x)).median(1).values - 1
        wanted = ((x - mean) / examples.features.std(0).clamp_min(1e-4)).square().mean(1)
        torch.testing.assert_close(distance, wanted, rtol=0.02, atol=0.02, msg=name)
        assert torch.equal(plain.argmax(1), head(x).argmax(1))


def test_a_head_that_was_not_fitted_doubts_nothing():
    head = SoundHead(3, 5)
    x = 100 * torch.randn(4, head.in_features, generator=seeded())
    torch.testing.assert_close(head(x), F.linear(x, head.weight, head.bias))


def test_examples_of_all_effects_count_alike_and_lie_in_the_fold_of_their_group(sounds, hearing):
    recordings = load_recordings(sounds, hearing.mel)
    steps = listen_to(hearing, recordings)
    examples = gather(hearing.sound_network, recordings, steps, drawn=4, pairs=4, tones=2, noises=2)
    assert float(examples.share.sum()) == pytest.approx(1, abs=1e-4)
    whole = examples.whole >= 0
    assert int(whole.sum()) == len(recordings)
    weights = {
        name: float(examples.share[examples.whole == kind].sum())
        for kind, name in enumerate(CLASSES)
    }
    none, wind = weights.pop(NONE), weights.pop("snow_wind")
    assert np.ptp([w for w in weights.values() if w]) < 1e-5
    assert none == pytest.approx(1.6 * weights["fire"], rel=1e-3)
    assert wind == pytest.approx(1.2 * weights["fire"], rel=1e-3)
    by_group = {}
    for recording, fold in zip(recordings, examples.fold[whole].tolist(), strict=True):
        assert by_group.setdefault(recording.group, fold) == fold
    assert set(examples.fold.tolist()) <= set(range(FOLDS))


def test_the_image_head_names_what_the_tower_sees(data):
    """A probe of a linear look at tinted noise tells the tints apart, and says so by directions."""
    pack, images = debug_pack(), LabelledImages(data)
    tower, basis = pack.joint.image_tower, torch.stack(list(class_directions(32).values()))
    recipe = RECIPE.model_copy(update={"head_batches": 20, "denoised": 0})
    fit_image_head(tower, basis, pack.denoiser, images, recipe)
    for label, name in (("fire", "fire"), ("underwater", "underwater")):
        crops, _ = images.crops(8, 32, {label: 1.0}, np.random.default_rng(0), min_crop=32)
        assert ((tower(crops) @ basis.T).argmax(1) == CLASSES.index(name)).all()


def test_what_lies_across_the_directions_is_taken_out():
    basis = torch.stack(list(class_directions(32).values()))
    layer = nn.Linear(6, 32)
    x = torch.randn(5, 6, generator=seeded())
    with torch.no_grad():
        layer.weight.normal_(generator=seeded(1))
        before = layer(x) @ basis.T
    face_directions(layer, basis)
    torch.testing.assert_close(layer(x) @ basis.T, before)
    torch.testing.assert_close(layer(x).square().sum(1), before.square().sum(1))


def test_a_folder_without_the_teacher_is_named(tmp_path):
    with pytest.raises(ModelError, match="wheel of aisfx"):
        AiSFX.from_wheel(tmp_path)


def test_contrastive_loss_is_least_where_targets_meet():
    targets = torch.eye(4)
    right = contrastive_loss(torch.eye(4), torch.eye(4), targets, targets)
    wrong = contrastive_loss(torch.eye(4), torch.eye(4).flip(0), targets, targets)
    assert right < 0.01 < wrong


def test_noise_takes_detail_away():
    schedule = debug_pack().denoiser.schedule
    fine = torch.rand(1, 3, 32, 32, generator=seeded()) * 2 - 1
    kept = []
    for t in (1, 300, 800):
        seen = softened_like_noise(fine, schedule, np.random.default_rng(0), (t, t + 1))
        kept.append(float(F.cosine_similarity(seen.flatten(), fine.flatten(), dim=0)))
    assert kept[0] > 0.99
    assert kept[0] > kept[1] > kept[2]


def test_attacks_say_who_is_fooled():
    felt = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    seen = torch.tensor([[0.8, 0.2], [0.1, 0.9], [0.1, 0.9]])
    attacks = Attacks(torch.zeros(3, 3, 4, 4), torch.zeros(3, dtype=torch.long), felt, seen)
    assert attacks.fooled() == pytest.approx(1 / 3)
    assert Attacks.joined([attacks, attacks]).fooled() == pytest.approx(1 / 3)
    agreeing = Attacks(attacks.images, attacks.asked, felt, felt)
    assert agreeing.agreement() == pytest.approx(1)


def test_guidance_draws_what_the_tower_wants(data):
    """The tower gives what was asked a larger share after guidance than it gave the plain pictures."""
    pack, images = debug_pack(), LabelledImages(data)
    basis = torch.stack(list(class_directions(32).values()))
    even = torch.full((4, len(CLASSES)), 1 / len(CLASSES))
    (drawn,) = attack(pack, basis, images, lambda _: even, batches=1, batch=4, size=32)
    rows = torch.arange(4)
    before = (pack.joint.embed_images(torch.zeros(4, 3, 32, 32)) @ basis.T / 0.1).softmax(-1)
    assert (drawn.felt[rows, drawn.asked] > before[rows, drawn.asked]).float().mean() > 0.5
    assert torch.equal(drawn.seen, even)


def test_a_round_relearns_what_the_judge_saw(data, tmp_path):
    seen = F.one_hot(torch.tensor([3, 5]), len(CLASSES)).float()
    attacks = Attacks(torch.zeros(2, 3, 32, 32), torch.tensor([0, 1]), seen, seen)
    assert run_image(data, tmp_path / "a", attacks=attacks) != run_image(data, tmp_path / "b")
    later = RECIPE.round(1)
    assert (later.steps, later.seed) == (RECIPE.round_steps, RECIPE.seed + 1)


def test_the_command_trains_both_towers(sounds, tmp_path, capsys):
    """``soundini train joint``, and the pack it writes."""
    run, pack = tmp_path / "run", tmp_path / "pack"
    asked = ["train", "joint", str(sounds), "--run", str(run), "-o", str(pack)]
    small = {
        "sound_steps": 2,
        "sound_batch": 2,
        "steps": 2,
        "batch": 4,
        "denoised": 1,
        "rounds": 0,
        "head_batches": 1,
    }
    sizes = [word for name, value in small.items() for word in ("--set", f"{name}={value}")]
    assert main([*asked, *sizes]) == 0, capsys.readouterr().err
    for part in ("sound", "image"):
        assert len((run / part / "log.csv").read_text().splitlines()) == 3
    joint = load_pack(pack).joint
    assert set(joint.prototypes) == set(CLASSES)
    state = load_file(run / "image" / "last.safetensors")
    for key, value in joint.image_tower.state_dict().items():
        if not key.startswith("out."):  # that layer was fitted anew
            torch.testing.assert_close(value, state[f"ema.{key}"], atol=1e-3, rtol=1e-3)
