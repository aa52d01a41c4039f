"""What a command imports before it works: slow libraries only where they are used. Timings lie in docs/bench-start-up.md."""

import subprocess
import sys

from .conftest import BOX, QUICK

SLOW = ("torch", "diffusers", "torchvision", "timm", "scipy", "torch._dynamo", "cv2", "av", "numpy")
NEVER = {"torchvision", "timm", "scipy", "torch._dynamo"}
"""An edit by the preset `fast` needs none of them."""
SCRIPT = f"""
import sys
from soundini.cli import main
code = 0
for words in " ".join(sys.argv[1:]).split(" then "):
    code = code or main(words.split())
print("imported", *(name for name in {SLOW!r} if name in sys.modules))
sys.exit(code)
"""


def imported(*arguments):
    """The slow libraries that a command, or one ``then`` another, has imported when it is done."""
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_what_only_prints_imports_nothing_slow():
    assert imported(*["edit", "--help", "then", "settings", "then", "--help"]) == set()


def test_hearing_and_masks_need_no_prior(sound, video, tmp_path):
    preview = ("mask", "preview", video, "--box", BOX, "-o", tmp_path / "overlay.png")
    assert not imported("hear", sound, "then", *preview) & (NEVER | {"diffusers"})


def test_an_edit_imports_only_what_it_uses(video, sound, out):
    seen = imported("edit", video, "--sound", sound, "--box", BOX, "-o", out, *QUICK)
    assert seen == {"torch", "diffusers", "cv2", "av", "numpy"}
