from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

import media_factory as make
from paper_factory import CLIP
from soundini.errors import MediaError
from soundini.joint.clip import ClipTowers
from soundini.training import clip_targets
from soundini.training.clip_targets import ClipTargetCache, clip_image, middle_frame
from soundini.training.vggsound import ClipFiles, VggSoundClip
from soundini.weights.vision import clip_layout
from soundini.weights.writing import random_tensors


def towers(seed=0):
    return ClipTowers(dict(random_tensors(clip_layout(CLIP), seed)))


@pytest.fixture(scope="module")
def clip():
    return towers()


def write_clip(folder, name, colour=(200, 40, 20), label="fire", **options):
    frames = [np.full((48, 64, 3), colour, np.uint8)] * 6
    options = {"audio": make.tone(0.25)} | options
    path = make.write_video(folder / f"{name}_000001.mp4", frames, **options)
    return ClipFiles(VggSoundClip(name, 1, label, "train"), path, path)


@pytest.fixture
def clips(tmp_path):
    return [write_clip(tmp_path, "a"), write_clip(tmp_path, "b", (10, 60, 220), "sea")]


def seen(cache, clips, **options):
    return len(list(cache.fill(clips, **options)))


def test_embeddings_are_clips_and_are_computed_once(clip, clips, tmp_path):
    cache = ClipTargetCache(tmp_path / "cache", clip, "a" * 64)
    assert seen(cache, clips, threads=2) == 2
    assert seen(cache, clips) == 0
    targets = cache.read(clips[::-1])
    assert [f.clip.youtube_id for f in targets.clips] == ["b", "a"]
    pictures = [clip_image(middle_frame(f.video), clip.image_size) for f in clips[::-1]]
    image, text = clip.embed_images(torch.stack(pictures)), clip.embed_text(["sea", "fire"])
    torch.testing.assert_close(targets.image, image)
    torch.testing.assert_close(targets.text, text)
    assert not torch.allclose(image[0], image[1], atol=1e-3)


def test_a_stale_cache_is_noticed(clip, clips, tmp_path):
    cache = ClipTargetCache(tmp_path / "cache", clip, "a" * 64)
    seen(cache, clips)
    old = cache.read(clips)
    relabelled = replace(clips[0], clip=replace(clips[0].clip, label="an explosion"))
    with pytest.raises(MediaError, match="none of 1 clips"):
        cache.read([relabelled])
    assert seen(cache, [relabelled, clips[1]]) == 1
    assert not torch.equal(cache.read([relabelled]).text, old.text[:1])

    replaced = [write_clip(tmp_path, "a", (0, 255, 0), audio=make.tone(0.5)), clips[1]]
    assert seen(cache, replaced) == 1
    assert not torch.equal(cache.read(replaced).image[0], old.image[0])

    other = ClipTargetCache(tmp_path / "cache", towers(1), "b" * 64)
    assert seen(other, clips) == 2
    assert not torch.allclose(other.read(clips).text, old.text, atol=1e-3)


def test_clips_that_cannot_be_used_are_told_apart(clip, clips, tmp_path):
    silent = write_clip(tmp_path, "c", audio=np.zeros((1, 12_000), np.float32))
    mute = write_clip(tmp_path, "d", audio=None)
    cut = write_clip(tmp_path, "e")
    whole = cut.video.read_bytes()
    cut.video.write_bytes(whole[: len(whole) // 2])
    cache = ClipTargetCache(tmp_path / "cache", clip, "a" * 64)
    everything = [*clips, silent, mute, cut]
    assert seen(cache, everything) == 5
    assert seen(cache, everything) == 0
    targets = cache.read(everything)
    assert len(targets.clips) == len(targets.image) == len(targets.text) == 2
    assert list(targets.damaged) == ["c_000001", "d_000001", "e_000001"]
    for reason, word in zip(
        targets.damaged.values(), ("silent", "sound", "incomplete"), strict=True
    ):
        assert word in reason
    cut.video.write_bytes(whole)  # downloaded again
    assert seen(cache, everything) == 1
    assert len(cache.read(everything).clips) == 3
    with pytest.raises(MediaError, match=r"none of 1 clips can be used; the first: .*silent"):
        cache.read([silent])


def test_an_interruption_loses_a_block_and_damage_a_file(clip, clips, tmp_path, monkeypatch):
    monkeypatch.setattr(clip_targets, "BLOCK", 1)
    cache = ClipTargetCache(tmp_path / "cache", clip, "a" * 64)
    work = cache.fill(clips)
    next(work), next(work)
    work.close()
    (kept,) = cache.folder.iterdir()
    assert seen(cache, clips) == 1
    kept.write_bytes(kept.read_bytes()[:-8])
    assert seen(cache, clips) == 1
    assert len(cache.read(clips).clips) == 2


@pytest.mark.parametrize("size", [(60, 90), (90, 60), (20, 20)])
def test_pictures_are_prepared_as_clips_authors_do(size):
    rgb = make.texture(*size)
    theirs = open_clip.transform.image_transform(
        32, is_train=False, mean=(0.5,) * 3, std=(0.5,) * 3
    )(Image.fromarray(rgb))
    ours = clip_image(rgb, 32)
    assert (ours - theirs).abs().max() < 0.03
    assert (ours - theirs).abs().mean() < 0.005


def test_the_middle_frame_is_in_the_middle(tmp_path):
    frames = [np.full((48, 64, 3), 20 * i, np.uint8) for i in range(9)]
    path = make.write_video(tmp_path / "ramp.mp4", frames)
    assert abs(int(middle_frame(path).mean()) - 80) < 5
