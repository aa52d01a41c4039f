"""Expands the rows of a batch file to single edits."""

import glob
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundini.batch.file import BatchFile, Entry, RowSettings
from soundini.batch.place import Place, output_path
from soundini.config.presets import load_preset, override, preset_names, preset_of
from soundini.config.recipe import Recipe
from soundini.editing.request import SELF, EditRequest, MaskRequest, keyed_path, read_request
from soundini.errors import ConfigError, Message
from soundini.packs.paper import PAPER_PACKS

MOST_ROWS = 10_000
_PACKS = ("embedded", "debug", *PAPER_PACKS)
_SLOT = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Row:
    """One edit of a batch.

    Args:
        name: what it is called where it is spoken of.
        where: it stands in the file.
        request: the edit, with absolute paths; None where ``problem`` says why there is none.
        recipe_file: whose settings it takes, or None.
        problem: what is wrong with it, in one line; None where nothing is.
    """

    name: str
    where: str
    request: EditRequest | None
    recipe_file: Path | None = None
    problem: Message | None = None


@dataclass(frozen=True)
class Batch:
    """A batch file, expanded.

    Args:
        place: where it may read and write.
        output: folder of the outputs.
        manifest: where it is told what became of every row.
        rows: the edits, in the order in which they are done.
    """

    place: Place
    output: Path
    manifest: Path
    rows: tuple[Row, ...]


def expand(file: BatchFile, place: Place | None = None) -> Batch:
    """Make the edits of a batch file: for each of its rows, every video by every sound in every mask with every recipe.

    Args:
        file: the file.
        place: where all that is read and written lies; None for the file's folder.

    Raises:
        ConfigError: the folder of outputs cannot be used, or there are too many rows. What is wrong with a single row is
            its ``problem``.
    """
    place = Place(file.path.parent) if place is None else place
    output = place.output_folder(file.output)
    made = itertools.chain.from_iterable(_rows(entry, place, output) for entry in file.entries)
    rows = tuple(itertools.islice(made, MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise ConfigError(
            "{path} makes more than {most} edits; split it",
            path=file.path,
            most=MOST_ROWS,
        )
    return Batch(place, output, output / f"{file.path.stem}.manifest.jsonl", rows)


def _rows(entry: Entry, place: Place, output: Path) -> Iterator[Row]:
    settings = entry.settings
    if settings is None:
        yield Row("", entry.where, None, problem=entry.problem)
        return
    try:
        videos = _videos(settings, place)
        recipes = [_recipe(text, settings, place) for text in settings.recipe or [""]]
        models = settings.models
        models = models if models in _PACKS else str(place.input(models))
    except ConfigError as error:
        yield Row("", entry.where, None, problem=error.message)
        return
    for video in videos:
        try:
            sounds = _sounds(settings, place, video.stem)
            masks = [m for mask in settings.mask for m in _masks(mask, place, video.stem)]
        except ConfigError as error:
            yield Row(video.name, entry.where, None, problem=error.message)
            continue
        for sound, mask, recipe in itertools.product(sounds, masks, recipes):
            name = f"{video.name} by {SELF if sound == SELF else Path(sound).name}"
            names = {
                "video": video.stem,
                "sound": Path(sound).stem,
                "mask": _mask_name(mask),
                "recipe": recipe.name,
            }
            try:
                request = EditRequest(
                    video=video,
                    sound=sound,
                    output=output_path(output, _filled(settings.name, names)),
                    mask=mask,
                    recipe=recipe.settings,
                    models=models,
                    start=None if settings.start is None else str(settings.start),
                    end=None if settings.end is None else str(settings.end),
                )
            except ConfigError as error:
                yield Row(name, entry.where, None, problem=error.message)
                continue
            yield Row(name, entry.where, request, recipe.file)


@dataclass(frozen=True)
class _NamedRecipe:
    name: str
    file: Path | None
    settings: Recipe


def _recipe(text: str, settings: RowSettings, place: Place) -> _NamedRecipe:
    name, file = text or preset_of(settings.models), None
    if name in preset_names() or Path(name).suffix != ".json":
        recipe = load_preset(name)
    else:
        file = place.input(name)
        place.bring(file)
        recipe, name = read_request(file)["recipe"], file.name.split(".", 1)[0]
    said = settings.heard_as
    given = () if said is None else (f"sound.heard_as={json.dumps(said)}",)
    return _NamedRecipe(name, file, override(recipe, [*settings.set, *given]))


def _videos(settings: RowSettings, place: Place) -> list[Path]:
    found = _matched(settings.video, place)
    if not found:
        raise ConfigError("there is no video; name one or more with video:")
    if not settings.sound:
        raise ConfigError("there is no sound; name one or more with sound:, or self")
    if not settings.mask:
        raise ConfigError('there is no mask; say what to edit with mask:, such as {box: "x,y,w,h"}')
    return found


def _sounds(settings: RowSettings, place: Place, video: str) -> list[str]:
    texts = [_of_video(text, video) for text in settings.sound]
    paths = _matched([text for text in texts if text != SELF], place)
    files = list(map(str, paths))
    return files if SELF not in texts else [SELF, *files]


def _matched(texts: Sequence[str], place: Place) -> list[Path]:
    """The files that patterns match, each once, without those that a ``!`` pattern matches."""
    wanted = [path for text in texts if text[:1] != "!" for path in place.inputs(text)]
    left_out = {path for text in texts if text[:1] == "!" for path in place.matches(text[1:])}
    return [path for path in dict.fromkeys(wanted) if path not in left_out]


def _masks(mask: str | MaskRequest, place: Place, video: str) -> list[MaskRequest]:
    if isinstance(mask, str):
        paths = place.inputs(_of_video(mask, video))
        return [MaskRequest(paths=(str(path),)) for path in paths]
    paths = []
    for text in mask.paths:
        frame, file = keyed_path(text.replace("{video}", video))
        paths.append(("" if frame is None else f"{frame}=") + str(place.input(str(file))))
    return [mask.model_copy(update={"paths": tuple(paths)})]


def _of_video(pattern: str, video: str) -> str:
    """Put the name of a video into a pattern, with special characters escaped."""
    name = glob.escape(video) if glob.has_magic(pattern) else video
    return pattern.replace("{video}", name)


def _mask_name(mask: MaskRequest) -> str:
    if mask.paths:
        return keyed_path(mask.paths[0])[1].stem
    named = (kind for kind in ("box", "ellipse", "polygon") if getattr(mask, kind) is not None)
    return next(named, "whole-frame")


def _filled(template: str, names: dict[str, str]) -> str:
    for slot in _SLOT.findall(template):
        if slot not in names:
            known = ", ".join(f"{{{name}}}" for name in names)
            raise ConfigError(
                "name: there is no {{{slot}}}; there are {known}", slot=slot, known=known
            )
    return _SLOT.sub(lambda found: names[found[1]], template)
