"""``soundini demo``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from soundini.config.presets import load_preset, override
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import ConfigError, MediaError


def _own(metavar: str, *aliases: str) -> Any:
    return arg(metavar=metavar, aliases=aliases, help_behavior_hint="")


@dataclass(frozen=True)
class Demo:
    """Set a cellar on fire to the sound of a synthetic crackle; or edit media of your own."""

    output: Annotated[Path, arg(metavar="FOLDER", aliases=("-o",))] = Path("demo")
    """Where the results go."""
    video: Annotated[Path | None, _own("VIDEO")] = None
    """Your own video; 24 frames of it are edited. Needs --box."""
    sound: Annotated[str | None, _own("SOUND", "-s")] = None
    """Your own sound, or "self" for the sound of your video."""
    box: Annotated[str | None, _own("X,Y,W,H")] = None
    """Where to edit, in pixels or in fractions of the frame."""
    preset: Annotated[str, arg(metavar="NAME")] = "fast"
    """fast, quality or paper."""
    models: Annotated[str, arg(metavar="embedded|debug|FOLDER")] = "embedded"
    """The model pack."""

    def run(self) -> int:
        """Make the sound, edit the clip, and print where the result is."""
        from soundini.demo.clip import END, FILE, PACKAGE, POLYGON, START, demo_clip

        if self.video is not None and self.box is None:
            raise ConfigError(
                "with a --video of your own, say where to edit: --box 0.3,0.3,0.4,0.5"
            )
        own = self.video is not None
        recipe = override(load_preset(self.preset), [] if own else ["region.track=true"])
        video = self.video or demo_clip()
        start, end = ("0", "24") if own else (START, END)
        mask = {"box": self.box} if self.box else {"polygon": POLYGON}
        try:
            self.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MediaError(
                "{output}: cannot be made ({why}); choose another folder with -o",
                output=self.output,
                why=error.strerror,
            ) from None
        if not own:
            print(f"video: frames {start} to {int(end) - 1} of {FILE}, from the package {PACKAGE}")
        sound = self.sound or self._crackle()
        request = EditRequest(
            video=video,
            sound=sound,
            output=self.output / "demo.mp4",
            mask=MaskRequest.model_validate(mask),
            recipe=recipe,
            models=self.models,
            start=start,
            end=end,
        )
        from soundini.cli.job import do_edit

        done = do_edit(request)
        strip = self.output / "before-after.png"
        self._before_after(request, strip)
        print(f"\nThe result lies in {done.path}; {strip} shows it under the source.")
        return 0

    def _crackle(self) -> str:
        from soundini.demo.sounds import crackle, write_wav

        path = self.output / "crackle-synthetic.wav"
        write_wav(path, crackle(4.0))
        print(f"sound: {path}, a fire's crackle that is SYNTHETIC: computed, not recorded")
        return str(path)

    @staticmethod
    def _before_after(request: EditRequest, path: Path) -> None:
        from soundini.cli.picture import spread, strip, write_png
        from soundini.media.video_reader import VideoReader

        assert request.start is not None
        with VideoReader(request.output) as reader:
            edited = [f.rgb for f in reader.frames()]
        first = int(request.start)
        with VideoReader(request.video) as reader:
            source = [f.rgb for f in reader.frames(first, first + len(edited))]
        chosen = spread(len(edited), 4)
        write_png(path, strip([[source[i] for i in chosen], [edited[i] for i in chosen]]))
