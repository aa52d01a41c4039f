import json
from pathlib import Path

import pytest

from soundini.weights.random import random_tensors


@pytest.fixture(scope="session")
def layouts() -> dict[str, dict[str, tuple[int, ...]]]:
    """Keys and shapes of the published checkpoints: facts, written down from the files."""
    text = (Path(__file__).parent / "data" / "layouts.json").read_text()
    return {
        name: {key: tuple(shape) for key, shape in layout.items()}
        for name, layout in json.loads(text).items()
    }


@pytest.fixture(scope="session")
def random_state():
    return lambda layout, seed=0: dict(random_tensors(layout, seed))
