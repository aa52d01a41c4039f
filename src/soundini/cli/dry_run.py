"""``soundini edit --dry-run``: what would be done, and its time and memory."""

from rich.console import Console

from soundini.cli.job import heard, prepare
from soundini.cli.words import print_warning
from soundini.config.presets import setting
from soundini.config.recipe import Recipe
from soundini.config.section import walk_settings
from soundini.editing.request import EditRequest


def print_plan(request: EditRequest) -> None:
    """Check the inputs, plan the work, measure one step, and print it all; nothing is written.

    Raises:
        SoundiniError: an input cannot be used.
    """
    console = Console()
    edit = prepare(request, console)
    recipe = edit.request.recipe
    from soundini.editing.cost import estimate
    from soundini.editing.methods import evaluations

    try:
        with console.status("measuring a step"):
            cost = estimate(edit)
        info, busy = edit.info, [w for w in edit.windows if w.box is not None]
        steps = evaluations(recipe, edit.pack)
        height, width = edit.windows[0].size
        device = next(edit.pack.denoiser.parameters()).device
        sound = edit.track.sound
        print("settings")
        for name, _ in walk_settings(Recipe):
            print(f"  {name} = {setting(recipe, name)}")
        rate = float(info.frame_rate)
        print(f"video        {request.video}: {info.width}x{info.height}, {rate:g} frames/s")
        seconds = float(edit.times[-1])
        last = edit.first + edit.frame_count - 1
        print(f"frames       {edit.frame_count} ({edit.first} to {last}, {seconds:.2f} s)")
        print(
            f"sound        {request.sound_path}: {sound.duration:.2f} s laid along; {heard(edit)}"
        )
        for doubt in edit.doubts:
            print_warning(doubt, 13)
        hears = f", hears with {edit.pack.sound_encoder}" if edit.pack.sound_encoder else ""
        flow = type(edit.pack.flow).__name__
        print(f"models       {edit.pack.name} on {device}, flow {flow}{hears}")
        print(f"windows      {len(edit.windows)}, {len(busy)} of them edited, at {width}x{height}")
        if recipe.window.stride > 1:
            picked = {w.start + i for w in edit.windows for i in w.sampled}
            print(
                f"keyframes    {len(picked)} of {edit.frame_count} frames; the others take from them"
            )
        for window in busy:
            box = window.box
            assert box is not None
            a, b = edit.first + window.start, edit.first + window.stop - 1
            print(f"  frames {a} to {b}: {box.width}x{box.height} pixels at {box.x},{box.y}")
        print(f"evaluations  {steps} steps a window, {cost.evaluations} of a frame in all")
        print(f"time         about {_span(cost.seconds)}")
        print(f"memory       about {cost.memory} MiB")
        for warning in edit.warnings:
            print_warning(warning, 13)
        print(f"output       {request.output} (not written: this is a dry run)")
    finally:
        edit.close()


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
