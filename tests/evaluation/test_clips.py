import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import ConfigError, MediaError
from soundini.evaluation.clips import EvaluationClip, load_clips, read_clip
from soundini.evaluation.recordings import loudest_stretch


def test_the_first_frames_come_with_their_masks(data):
    clip = EvaluationClip(clip="two.mp4", box="0.2,0.2,0.5,0.6")
    first, masks, rate = read_clip(clip, data / "clips", 4)
    assert first.shape == (4, 64, 96, 3)
    assert masks.shape == (4, 64, 96)
    assert masks.mean() == pytest.approx(0.3, abs=0.01)
    assert rate == 24
    with pytest.raises(MediaError, match="fewer than 20"):
        read_clip(clip, data / "clips", 20)


def test_a_folder_of_masks_goes_with_its_frames(tmp_path):
    make.write_video(tmp_path / "in.mp4", 6)
    (tmp_path / "masks").mkdir()
    for number in range(6):
        mask = np.zeros((64, 96), np.uint8)
        mask[:, : 10 * (number + 1)] = 255
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
    _, masks, _ = read_clip(EvaluationClip(clip="in.mp4", mask="masks"), tmp_path, 3)
    assert (masks[:, 0].sum(1) / 10).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "- clip: a.mp4",
        "- clip: a.mp4\n  box: 1\n  mask: m",
        "- where: a",
        "hello",
        "- [",
        "a: b",
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "clips.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"clips\.yaml") as refused:
        load_clips(tmp_path / "clips.yaml")
    assert "\n" not in str(refused.value)


def test_the_list_of_the_repository_is_well_formed():
    clips = load_clips(make.Path(__file__).parents[2] / "bench" / "embedded_clips.yaml")
    assert len({clip.name for clip in clips}) == 10


def test_the_loudest_stretch_is_found(tmp_path):
    samples = np.concatenate(
        [make.tone(1, level=0.1), make.tone(0.5, level=0.8), make.tone(1, level=0.1)], 1
    )
    make.write_sound(tmp_path / "a.wav", samples)
    sound, start = loudest_stretch(tmp_path / "a.wav", 0.4)
    assert 0.95 <= start <= 1.15
    assert sound.samples.shape[0] == 1
    assert loudest_stretch(tmp_path / "a.wav", 9)[1] == 0
