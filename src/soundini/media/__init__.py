"""Videos, sounds and pictures: everything that enters or leaves as a file, and its geometry."""

from soundini.media.color import ColorTags
from soundini.media.geometry import Box, edit_size, mask_to_model, paste_change, roi_box, to_model
from soundini.media.output import PartialFile, check_output
from soundini.media.sound import Sound, load_sound, require_audible, resample
from soundini.media.sound_fit import fit_sound
from soundini.media.video_info import PictureFormat, VideoInfo, probe_video
from soundini.media.video_reader import VideoFrame, VideoReader, count_frames
from soundini.media.video_writer import AudioMode, VideoWriter

__all__ = [
    "AudioMode",
    "Box",
    "ColorTags",
    "PartialFile",
    "PictureFormat",
    "Sound",
    "VideoFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "check_output",
    "count_frames",
    "edit_size",
    "fit_sound",
    "load_sound",
    "mask_to_model",
    "paste_change",
    "probe_video",
    "require_audible",
    "resample",
    "roi_box",
    "to_model",
]
