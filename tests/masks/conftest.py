"""A video for masks to lie on."""

import pytest

import media_factory as make
from soundini.media.video_info import probe_video


@pytest.fixture
def clip(tmp_path):
    """Twelve frames."""
    return probe_video(make.write_video(tmp_path / "clip.mp4", 12))
