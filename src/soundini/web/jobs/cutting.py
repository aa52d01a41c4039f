"""A few frames of a prepared edit, as an edit of their own that sees and hears what the whole does."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from soundini.editing.mask_spool import MaskSpool
from soundini.editing.prepared import UNSEEN, PreparedEdit
from soundini.errors import MaskError, UnheardError
from soundini.media.sound import Sound


def cut_edit(edit: PreparedEdit, start: int, stop: int) -> PreparedEdit:
    """Cut frames out of an edit that has not begun; the whole is closed.

    Args:
        edit: the whole.
        start: first frame, counted from the first of the part.
        stop: one past the last.

    Raises:
        MaskError: no mask covers anything in these frames.
        UnheardError: nothing is heard along them.
    """
    if edit.track.strength[start:stop].max() < UNSEEN:
        edit.close()
        raise unheard()
    try:
        masks = MaskSpool(islice(edit.masks, start, stop))
    finally:
        edit.close()
    if not any(masks.bounds):
        masks.close()
        raise MaskError("the mask covers nothing here; look at another frame, or move the mask")
    track, began = edit.track, edit.times[start]
    rate = track.sound.sample_rate
    heard = slice(round(began * rate), round(edit.times[stop] * rate))
    cut = replace(
        edit,
        first=edit.first + start,
        times=tuple(time - began for time in edit.times[start : stop + 1]),
        began=edit.began + began,
        masks=masks,
        track=track.picked(slice(start, stop), Sound(track.sound.samples[:, heard].copy(), rate)),
    )
    return replace(cut, windows=cut.plan(edit.pack.denoiser.stride))


def unheard() -> UnheardError:
    """What to say of a preview along which nothing is heard."""
    return UnheardError(
        "nothing is heard at this moment, so nothing changes here; look at another frame, or let a "
        "short sound repeat"
    )
