import subprocess
import sys

SCRIPT = """
import sys
from soundini.diffusion.unet_class import unet_class

ours = unet_class()
assert "torch._dynamo" not in sys.modules and "scipy" not in sys.modules
from diffusers import Transformer2DModel, UNet2DConditionModel, UNet2DModel
import diffusers.models.transformers, diffusers.models.unets
import torch._dynamo

assert ours is UNet2DModel is diffusers.models.unets.UNet2DModel
assert diffusers.models.transformers.Transformer2DModel is Transformer2DModel
assert torch._dynamo.__file__
"""


def test_the_class_is_that_of_diffusers_which_works_as_ever():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


ABSENT = """
import sys
import soundini.diffusion.unet_class as module

module._UNET = "diffusers.models.elsewhere"
from diffusers import UNet2DModel

assert module.unet_class() is UNet2DModel
"""


def test_another_layout_of_diffusers_is_imported_whole():
    subprocess.run([sys.executable, "-c", ABSENT], check=True)
