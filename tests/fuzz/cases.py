"""What one case of the fuzzer does: a number names it, and the same number does the same."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml
from mutation import mutate, mutate_settings, odd_texts, odd_things

from soundini.benchmark.suite import load_suite
from soundini.cli import main
from soundini.cli.main import told
from soundini.cli.options import ClipOptions, MaskOptions, RecipeOptions, edit_request
from soundini.cli.record import Record
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.files import prepare_edit
from soundini.editing.request import EditRequest, MaskRequest
from soundini.evaluation.clips import load_clips
from soundini.packs.loading import load_pack, load_senses
from soundini.training.recipe import PriorRecipe, load_train_recipe
from soundini.weights.formats import recognise
from soundini.weights.reading import read_checkpoint, read_note

QUICK = ("sampling.steps=1", "region.size=32", "window.frames=4", "sound.envelope=off")
SETTINGS = [part for setting in QUICK for part in ("--set", setting)]


class Case:
    """One case: its files, and what may be used to damage them.

    Args:
        number: names it.
        material: the folder of valid files.
        folder: the case's own: ``in``, which must stay as it is, and ``out``, all that may be written to.
    """

    def __init__(self, number: int, material: Path, folder: Path, pack) -> None:
        self.rng = random.Random(f"soundini-{number}")
        self.number = number
        self.material = material
        self.inputs, self.outputs = folder / "in", folder / "out"
        self.pack = pack
        self.video = material / "videos" / "a.mp4"
        self.sound = material / "sounds" / "a.wav"
        self.mask = material / "masks" / "a.png"
        self.kind = _KINDS[number % len(_KINDS)]

    def prepared(self) -> Callable[[], int]:
        """Make the case's files; what then is to be done returns the exit code."""
        return self.kind(self)

    def damaged(self, kind: str) -> Path:
        """A damaged copy of one of the valid files of a kind."""
        path = self.rng.choice(sorted(p for p in (self.material / kind).iterdir() if p.is_file()))
        return self.damaged_copy(path)

    def damaged_copy(self, path: Path) -> Path:
        """A damaged copy of a file, sometimes under the suffix of another kind."""
        suffix = path.suffix
        if self.rng.randrange(20) == 0:
            suffix = self.rng.choice((".mp4", ".wav", ".png", ".gif", ".safetensors", ".pt", ""))
        copy = self.inputs / f"damaged{suffix}"
        copy.write_bytes(mutate(self.rng, path.read_bytes()))
        return copy

    def prepare(self, **changes) -> Callable[[], int]:
        """Check and plan an edit, as ``soundini edit`` does first."""
        settings = {
            "video": self.video,
            "sound": str(self.sound),
            "output": self.outputs / "out.mp4",
            "mask": MaskRequest(paths=(str(self.mask),)),
            "recipe": override(Recipe(), QUICK),
            "models": "debug",
        } | changes
        assert settings["output"].is_relative_to(self.outputs), (
            "the case itself would write elsewhere"
        )

        def run() -> int:
            prepare_edit(EditRequest(**settings), self.pack).close()
            return 0

        return lambda: told(run)


def videos(case):
    """A damaged video: its pictures and its sound are looked at; now and then it is edited."""
    path = case.damaged("videos")
    if case.rng.randrange(6) == 0:
        sound = case.rng.choice(("self", str(case.sound)))
        audio = case.rng.choice(("guide", "source", "mix", "none"))
        return lambda: main(
            ["edit", str(path), "-s", sound, "--box", "4,4,24,24", "-o", str(case.outputs / "out.mp4"), "--no-job",
             "--models", "debug", "--audio", audio, *SETTINGS]
        )  # fmt: skip
    if case.rng.randrange(3) == 0:
        return case.prepare(video=path, sound="self", mask=MaskRequest(box="4,4,24,24"))
    bounds = case.rng.choice(
        ([], ["--start", "2"], ["--start", "0.1s", "--end", "5"], ["--end", "1e9s"])
    )
    output = str(case.outputs / "out.png")
    return lambda: main(["mask preview", str(path), "--box", "4,4,24,24", "-o", output, *bounds])


def sounds(case):
    """A damaged sound."""
    return case.prepare(sound=str(case.damaged("sounds")))


def masks(case):
    """A damaged mask: a picture, a video, a folder of pictures of which one is damaged."""
    way = case.rng.randrange(5)
    if way == 0:
        path = case.damaged("videos")
    elif way == 1:
        shutil.copytree(case.material / "frames", case.inputs / "frames")
        (case.inputs / "frames" / "3.png").write_bytes(case.damaged("masks").read_bytes())
        path = case.inputs / "frames"
    else:
        path = case.damaged("masks")
    paths = case.rng.choice(([f"{path}"], [f"0={path}", f"3={case.mask}"], [f"²={path}"]))
    return case.prepare(mask=MaskRequest(paths=tuple(paths)))


def recipes(case):
    """A damaged recipe, or the record of an edit."""
    texts = case.material / "texts"
    source = texts / case.rng.choice(("plain.json", "out.recipe.json", "out.recipe.json"))
    path = case.inputs / "damaged.recipe.json"
    way = case.rng.randrange(8)
    if way == 0:
        path.write_bytes(mutate(case.rng, source.read_bytes()))
    elif way == 1:
        path.write_bytes(case.rng.choice(odd_texts()))
    else:
        settings = json.loads(source.read_text())
        if "request" in settings:
            settings["request"]["models"] = "debug"
            for name, file in (("video", case.video), ("sound", case.sound)):
                settings["request"][name] = str(file)
            settings["request"]["mask"]["paths"] = [str(case.mask)]
        path.write_text(json.dumps(mutate_settings(case.rng, settings)))
    clip = ClipOptions() if case.rng.randrange(2) else ClipOptions(video=case.video)

    def run() -> int:
        asked = RecipeOptions(recipe=path, sound=case.rng.choice((None, str(case.sound))))
        output = case.outputs / "out.mp4"
        mask = MaskOptions(box=case.rng.choice((None, "4,4,24,24")))
        request = edit_request(clip, mask, asked, (), output)
        Record.read(path)
        prepare_edit(request, case.pack).close()
        return 0

    return lambda: told(run)


def texts(case):
    """A damaged suite, list of clips, or recipe of a training."""
    name, read = case.rng.choice(
        (
            ("suite.yaml", lambda path: load_suite(path, case.material)),
            ("clips.yaml", load_clips),
            ("prior.yaml", lambda path: load_train_recipe(PriorRecipe, path)),
        )
    )
    source, path = case.material / "texts" / name, case.inputs / name
    way = case.rng.randrange(4)
    if way == 0:
        path.write_bytes(mutate(case.rng, source.read_bytes()))
    elif way == 1:
        path.write_bytes(case.rng.choice(odd_texts()))
    else:
        settings = mutate_settings(case.rng, yaml.safe_load(source.read_text()))
        path.write_text(yaml.safe_dump(settings))

    def run() -> int:
        read(path)
        return 0

    return lambda: told(run)


def weights(case):
    """A damaged checkpoint: read by name of its tensors, recognised, imported."""
    path = case.damaged("weights")
    if case.rng.randrange(4) == 0:
        return lambda: main(["weights", "import", str(path)])

    def run() -> int:
        read_note(path)
        recognise(read_checkpoint(path))
        return 0

    return lambda: told(run)


def packs(case):
    """A model pack of which one file is damaged."""
    folder = case.inputs / "pack"
    shutil.copytree(case.material / "pack", folder)
    path = case.rng.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    way = case.rng.randrange(4)
    if path.suffix == ".json" and way:
        if way == 1:
            path.write_bytes(case.rng.choice(odd_texts()))
        else:
            path.write_text(json.dumps(mutate_settings(case.rng, json.loads(path.read_text()))))
    else:
        path.write_bytes(mutate(case.rng, path.read_bytes()))

    def run() -> int:
        (load_pack if case.rng.randrange(4) else load_senses)(folder)
        return 0

    return lambda: told(run)


def jobs(case):
    """A job's folder of which something is damaged: resumed, listed, or deleted."""
    home = case.outputs / "jobs"
    folder = home / "job"
    shutil.copytree(case.material / "job", folder)
    record = json.loads((folder / "job.json").read_text())
    record["request"]["output"] = str(case.outputs / "out.mp4")
    (folder / "job.json").write_text(json.dumps(record))
    path = case.rng.choice(sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "lock"))
    way = case.rng.randrange(6)
    if path.name == "job.json" and way > 1:
        text = json.dumps(mutate_settings(case.rng, record))
        path.write_text(text)
    elif way == 1:
        path.unlink()
        things = odd_things(case.inputs / "things")
        thing = case.rng.choice([t for t in things.values() if isinstance(t, Path)])
        path.symlink_to(thing)
    elif path.suffix != ".safetensors" and way == 2:
        path.write_bytes(case.rng.choice(odd_texts()))
    else:
        path.write_bytes(mutate(case.rng, path.read_bytes()))
    command = case.rng.choice(
        (["resume", str(folder)], ["jobs", "list", "--in", str(home)], ["jobs", "clean", "--yes", "--in", str(home)])
    )  # fmt: skip
    return lambda: main(command)


def paths(case):
    """Things that are no plain file, wherever a file is named; and outputs where none may be written."""
    role = case.rng.choice(
        ("video", "sound", "mask", "recipe", "pack", "output", "job", "weights", "suite", "picture")
    )
    place = case.outputs if role in ("output", "picture") else case.inputs
    _, thing = case.rng.choice(sorted(odd_things(place / "things").items()))
    text = str(thing)
    if place == case.outputs and not isinstance(thing, Path):
        text = f"{place}/{thing}"
    if role in ("video", "sound"):
        return case.prepare(**{role: Path(text) if role == "video" else text})
    if role == "mask":
        link = case.inputs / "things" / "mask.png"
        if isinstance(thing, Path) and case.rng.randrange(2):
            link.symlink_to(thing)
            text = str(link)
        return case.prepare(mask=MaskRequest(paths=(text,)))
    if role == "output":
        if case.rng.randrange(2):
            text += ".mp4"
        return case.prepare(output=Path(text))
    video, sound, mask = str(case.video), str(case.sound), str(case.mask)
    if role == "picture":
        return lambda: main(["mask preview", video, "-m", mask, "-o", text + ".png"])
    if role == "recipe":
        return lambda: main(
            [
                "edit",
                video,
                "-s",
                sound,
                "-m",
                mask,
                "--recipe",
                text,
                "-o",
                str(case.outputs / "out.mp4"),
            ]
        )
    if role == "job":
        return lambda: main(["resume", text])
    if role == "weights":
        return lambda: main(["weights", "import", text])

    def run() -> int:
        load_suite(Path(text), case.material) if role == "suite" else load_pack(text)
        return 0

    return lambda: told(run)


_KINDS = (
    videos, sounds, masks, recipes, weights, videos, paths, jobs, masks, texts,
    videos, sounds, masks, recipes, packs, videos, paths, sounds, recipes, weights,
)  # fmt: skip
