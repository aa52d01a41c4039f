import subprocess
import sys

import pytest

import soundini.diffusion.adm as unet_class_module

SCRIPT = """
import sys
from soundini.diffusion.adm import unet_class

ours = unet_class()
assert "torch._dynamo" not in sys.modules and "scipy" not in sys.modules
from diffusers import Transformer2DModel, UNet2DConditionModel, UNet2DModel
import diffusers.models.transformers, diffusers.models.unets
import torch._dynamo

assert ours is UNet2DModel is diffusers.models.unets.UNet2DModel
assert diffusers.models.transformers.Transformer2DModel is Transformer2DModel
assert torch._dynamo.__file__
"""


@pytest.mark.long
def test_the_class_is_that_of_diffusers_which_works_as_ever():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


def test_another_layout_of_diffusers_is_imported_whole(monkeypatch):
    monkeypatch.setattr(unet_class_module, "_UNET", "diffusers.models.elsewhere")
    assert unet_class_module.unet_class().__name__ == "UNet2DModel"
    assert sys.modules.get("torch._dynamo", sys) is not None, "nothing stays hidden"
