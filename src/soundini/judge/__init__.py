"""An evaluator of edits that no guidance has ever seen."""

from __future__ import annotations

from soundini.judge.judge import Judge

__all__ = ["Judge"]
