"""What makes the figures of an edit, besides its settings."""

from typing import Any

import torch

from soundini.compute import pick_device, pick_dtype
from soundini.editing.files import ModelCache
from soundini.editing.methods import weight_hashes
from soundini.editing.request import EditRequest
from soundini.evaluation.report import machine


def made_by(request: EditRequest, models: ModelCache) -> dict[str, Any]:
    """Return the weights, machine, device and dtype that an edit's bytes, seconds and memory depend on.

    Figures that something else made do not count as done.
    """
    compute = request.recipe.compute
    device = pick_device(compute.device)
    on = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    dtype = str(pick_dtype(compute.dtype, device) or torch.float32)
    weights = weight_hashes(models.open(request), request.recipe)
    return {"weights": weights, "machine": machine(), "device": on, "dtype": dtype}
