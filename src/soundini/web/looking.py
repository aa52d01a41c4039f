"""What a visitor sees before an edit: frames, sounds, masks, and how long it will take."""

from __future__ import annotations

import tempfile
import threading
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.editing.request import SELF
from soundini.errors import ConfigError, MaskError
from soundini.masks.pictures import picture_size
from soundini.masks.shapes import shape_mask
from soundini.web.files.inspecting import in_labels
from soundini.web.files.strip import shrunk, strip
from soundini.web.files.uploads import ID, Uploads, key_of, owner_folder
from soundini.web.form import EditForm
from soundini.web.forms.asking import FormFiles, ask, files_of, recipe_of, refuse_gaps
from soundini.web.forms.hearing import Ears
from soundini.web.forms.masking import drawn_shapes, part_begin, part_seconds, refuse_empty_part
from soundini.web.forms.overlays import Drawing, drop_old, overlay_name, write_overlay
from soundini.web.jobs.pace import Pace
from soundini.web.limits import Limits
from soundini.web.refusals import MissingError, about
from soundini.web.views import Heard, OverlayProgress, Price, StoredFile, VideoFacts

if TYPE_CHECKING:
    import numpy as np


class Looking:
    """Shows visitors their files, the mask on them, and the analysed sound.

    Args:
        folder: of the server.
        limits: what visitors may ask for.
        models: the model pack of all edits.
    """

    def __init__(self, folder: Path, limits: Limits, models: str) -> None:
        self.folder = folder
        self.limits = limits
        self.models = models
        self._uploads = Uploads(folder, limits)
        # If two threads import diffusers at once, one of them finds it half imported.
        self._loading = threading.Lock()
        self._ears = Ears(models, self._loading)
        self._drawing = threading.Lock()
        self._pace = Pace()
        self._drawn: dict[str, Drawing] = {}
        self._stopped: set[str] = set()

    def file(self, owner: str, file_id: str) -> StoredFile:
        """An uploaded file."""
        return self._uploads.find(key_of(owner), file_id)

    def video_facts(self, owner: str, file_id: str) -> VideoFacts:
        """The facts of a video.

        Raises:
            ConfigError: there is no such file, or it is no video.
        """
        return self._uploads.facts(key_of(owner), file_id)

    def frame(self, owner: str, file_id: str, index: int) -> np.ndarray:
        """A frame of a video, ``uint8 [H, W, 3]``.

        Raises:
            ConfigError: the video has no such frame.
        """
        from soundini.media.video_reader import VideoReader

        frames = self.video_facts(owner, file_id).frames
        if 0 <= index < frames:
            with VideoReader(self.file(owner, file_id).path) as reader:
                for frame in reader.frames(index, index + 1):
                    return frame.rgb
        raise ConfigError(
            "the video has no frame {frame}; choose one from 0 to {last}",
            frame=index,
            last=frames - 1,
        )

    def small_frame(self, owner: str, file_id: str, index: int, side: int) -> np.ndarray:
        """A frame of a video whose longer side has at most so many pixels, ``uint8 [H, W, 3]``."""
        picture = self.frame(owner, file_id, index)
        scale = min(1.0, side / max(picture.shape[:2]))
        height, width = (max(1, round(scale * length)) for length in picture.shape[:2])
        return shrunk(picture, height, width)

    def strip(self, owner: str, file_id: str, count: int, height: int) -> np.ndarray:
        """Small pictures along a video, side by side, ``uint8 [height, count * width, 3]``."""
        return strip(
            self.file(owner, file_id).path, self.video_facts(owner, file_id), count, height
        )

    def price(self, owner: str, form: EditForm) -> Price:
        """Estimate the cost of an edit; the form may lack a mask.

        Raises:
            SoundiniError: there is no video yet, or a setting is wrong.
        """
        key = key_of(owner)
        facts = self._uploads.facts(key, form.video)
        with about("start"):
            seconds = part_seconds(form, facts)
        frames = max(1, round(seconds * facts.frame_rate))
        with about("settings"):
            recipe = recipe_of(form, self.limits)
        return Price(
            frames=frames, part_seconds=seconds, seconds=self._pace.seconds(recipe, frames)
        )

    @cached_property
    def sound_classes(self) -> tuple[str, ...]:
        """The classes of sounds that the models know; none if they have a text tower instead.

        Raises:
            ModelError: the models are not there.
        """
        from soundini.packs.loading import sound_classes

        with self._loading:
            return sound_classes(self.models)

    def hear(self, owner: str, form: EditForm) -> Heard:
        """Analyse the sound along the part of the video; the form may lack a mask.

        Raises:
            SoundiniError: there is no sound yet, or it cannot be used.
        """
        key = key_of(owner)
        refuse_gaps(form.model_copy(update={"whole_frame": True}))
        facts = self._uploads.facts(key, form.video)
        with about("start"):
            seconds = part_seconds(form, facts)
        began = part_begin(form, facts) if form.sound == SELF else 0.0
        with about("settings"):
            config = recipe_of(form, self.limits).sound
        with about("sound"):
            sound = self._uploads.find(key, form.video if form.sound == SELF else form.sound)
            with in_labels({sound.path: sound.label}):
                return self._ears.hear(sound.path, seconds, config, began)

    def mask_overlay(self, owner: str, form: EditForm) -> Path:
        """Draw the mask on an MP4 of the part, as an edit of the whole part would use it; the form may lack a sound.

        Raises:
            SoundiniError: the mask cannot be used.
        """
        key = key_of(owner)
        form = form.model_copy(update={"sound": SELF, "scope": "all"})
        refuse_gaps(form)
        facts = self._uploads.facts(key, form.video)
        with about("start"):
            refuse_empty_part(form, facts)
        with about("settings"):
            region = recipe_of(form, self.limits).region
        with about("masks"):
            self._check_masks(key, form)
        folder = owner_folder(self.folder, key) / "overlays"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{overlay_name(form, region)}.mp4"
        frames = self.price(owner, form).frames
        self._stopped.discard(key)
        with self._drawing, in_labels(self._labels(key, form)):
            if not path.exists():
                with tempfile.TemporaryDirectory(dir=self.folder / "incoming") as place:
                    self._drawn[key] = drawing = Drawing(Path(place), frames)
                    try:
                        asked = ask(form, self._form_files(key, form, Path(place)), self.limits)
                        write_overlay(asked.request, path, drawing, partial(self._go_on, key))
                    finally:
                        del self._drawn[key]
            path.touch()
            drop_old(folder)
        return path

    def _go_on(self, key: str) -> None:
        if key in self._stopped:
            raise MaskError("the drawing of this mask was stopped")

    def overlay_progress(self, owner: str) -> OverlayProgress:
        """Progress of the overlay that is being drawn for a visitor."""
        drawing = self._drawn.get(key_of(owner))
        if drawing is None:
            return OverlayProgress()
        return OverlayProgress(share=drawing.share, first=drawing.first, last=drawing.last)

    def drawn(self, owner: str, index: int) -> bytes | None:
        """A frame of the overlay that is being drawn, as JPEG; None if it is not drawn yet, or the overlay is finished.

        Args:
            owner: the session's id.
            index: its number in the video.
        """
        drawing = self._drawn.get(key_of(owner))
        if drawing is not None and drawing.first <= index <= (drawing.last or -1):
            with suppress(OSError):  # the overlay was finished meanwhile
                return drawing.picture(index).read_bytes()
        return None

    def stop_overlay(self, owner: str) -> None:
        """Stop drawing an overlay; the request that asked for it ends with an error."""
        self._stopped.add(key_of(owner))

    def overlay(self, owner: str, name: str) -> Path:
        """A finished overlay, by its name."""
        path = owner_folder(self.folder, key_of(owner)) / "overlays" / f"{name}.mp4"
        if not ID.fullmatch(name) or not path.is_file():
            raise MissingError("there is no such overlay")
        return path

    def _form_files(self, key: str, form: EditForm, folder: Path) -> FormFiles:
        facts = self._uploads.facts(key, form.video)
        files = {i: self._uploads.find(key, i).path for i in files_of(form)}
        return FormFiles(files, folder, facts.size, facts.frames, self.models)

    def _labels(self, key: str, form: EditForm) -> dict[Path, str]:
        files = [self._uploads.find(key, i) for i in files_of(form)]
        return {file.path: file.label for file in files}

    def _check_masks(self, key: str, form: EditForm) -> None:
        """Refuse painted masks of another size than the video, and shapes outside it."""
        facts = self._uploads.facts(key, form.video)
        for kind, text in drawn_shapes(form).items():
            shape_mask(kind, text, facts.size)
        for file in (self._uploads.find(key, mask.file) for mask in form.masks):
            width, height = picture_size(file.path)
            if (width, height) != (facts.width, facts.height):
                raise MaskError(
                    "{file} is {width}x{height}, the video {across}x{down}; paint it on a frame of this video",
                    file=file.label,
                    width=width,
                    height=height,
                    across=facts.width,
                    down=facts.height,
                )
