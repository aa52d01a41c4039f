"""``soundini train``: every model that this project trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from soundini.cli.train.joint import TrainJoint
from soundini.cli.train.judge import TrainJudge
from soundini.cli.train.prior import TrainPrior
from soundini.cli.train.sound_encoder import TrainSoundEncoder
from soundini.cli.train.vqgan import TrainVqgan

What = (
    Annotated[TrainPrior, tyro.conf.subcommand("prior")]
    | Annotated[TrainJoint, tyro.conf.subcommand("joint")]
    | Annotated[TrainSoundEncoder, tyro.conf.subcommand("sound-encoder")]
    | Annotated[TrainJudge, tyro.conf.subcommand("judge")]
    | Annotated[TrainVqgan, tyro.conf.subcommand("vqgan")]
)


@dataclass(frozen=True)
class Train:
    """Train models on your own data."""

    what: What

    def run(self) -> int:
        """Run the chosen subcommand."""
        return self.what.run()
