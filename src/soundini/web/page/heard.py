"""The sound as a picture: its waveform, how strong the effect is, and what is heard in it as time goes by."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from soundini.joint.naming import Stretch, stretches
from soundini.web.page.texts import Texts
from soundini.web.views import Heard

_WIDTH, _HEIGHT = 600, 84
_MIDDLE = _HEIGHT / 2
_NAMED = 3
"""Classes that are told of the whole."""
_KNOWN = "class."


def heard_picture(texts: Texts, heard: Heard) -> str:
    """The picture as HTML: an SVG of the waveform and the envelope, and a ribbon of what is heard."""
    moments = [(at, shares) for at, shares in heard.classes if shares]
    parts = stretches(moments, heard.seconds)
    words = "; ".join(_said(texts, part) for part in parts) or texts["heard.nothing"]
    alt = texts("heard.alt", seconds=f"{heard.seconds:.1f}", classes=words)
    ribbon = "".join(
        f'<span class="stretch is-{escape(part.name)}" style="flex:{part.end - part.begin:.3f}" '
        f'title="{escape(_said(texts, part))}">{escape(_name(texts, part.name))}</span>'
        for part in parts
    )
    chips = "".join(
        f'<li><i class="dot is-{escape(name)}"></i>{escape(_name(texts, name))} <b>{share:.0%}</b></li>'
        for name, share in list(heard_means(heard).items())[:_NAMED]
    )
    return (
        f'<figure class="heard"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(alt)}">'
        f'<path class="wave" d="{_wave(heard.peaks)}"/>'
        f'<polyline class="envelope" points="{_envelope(heard)}"/></svg>'
        f'<div class="ribbon" aria-hidden="true">{ribbon}</div>'
        f'<figcaption><ul class="classes">{chips}</ul>{escape(texts["heard.legend"])}</figcaption></figure>'
    )


def _name(texts: Texts, name: str) -> str:
    return texts.get(_KNOWN + name, name)


def _said(texts: Texts, part: Stretch) -> str:
    return texts(
        "heard.at",
        **{"from": f"{part.begin:.1f}"},
        to=f"{part.end:.1f}",
        name=_name(texts, part.name),
        share=f"{100 * part.share:.0f}",
    )


def heard_means(heard: Heard) -> dict[str, float]:
    """The mean share of each class over the whole, the likeliest first."""
    rows = [shares for _, shares in heard.classes if shares]
    names = rows[0] if rows else ()
    means = {name: sum(row.get(name, 0.0) for row in rows) / len(rows) for name in names}
    return dict(sorted(means.items(), key=lambda item: -item[1]))


def _wave(peaks: Sequence[float]) -> str:
    """A closed outline, as high above the middle as below it."""
    if not peaks:
        return ""
    step = _WIDTH / len(peaks)
    heights = [max(0.6, min(1.0, peak) * (_MIDDLE - 2)) for peak in peaks]
    above = [f"{(i + 0.5) * step:.1f},{_MIDDLE - h:.1f}" for i, h in enumerate(heights)]
    below = [f"{(i + 0.5) * step:.1f},{_MIDDLE + h:.1f}" for i, h in enumerate(heights)]
    return f"M0,{_MIDDLE} L{' L'.join(above)} L{_WIDTH},{_MIDDLE} L{' L'.join(reversed(below))} Z"


def _envelope(heard: Heard) -> str:
    length = heard.seconds or 1.0
    return " ".join(
        f"{_WIDTH * time / length:.1f},{_HEIGHT - 2 - strength * (_HEIGHT - 4):.1f}"
        for time, strength in zip(heard.times, heard.envelope, strict=True)
    )
