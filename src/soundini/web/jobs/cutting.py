"""Cuts a few frames out of a prepared edit for a preview, with the masks and the sound of the whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from soundini.editing.mask_spool import MaskSpool
from soundini.editing.prepared import UNSEEN, PreparedEdit
from soundini.errors import MaskError, UnheardError
from soundini.media.sound import Sound


def cut_edit(edit: PreparedEdit, start: int, stop: int) -> PreparedEdit:
    """Cut frames out of an edit that has not begun, and close the whole edit.

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
    """The error of a preview that lies where the sound is silent."""
    return UnheardError(
        "nothing is heard at this moment, so nothing changes here; look at another frame, or let a "
        "short sound repeat"
    )
