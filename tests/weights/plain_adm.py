"""ADM's U-Net from the paper, on the official state dict: nothing of soundini or diffusers in it.

Dhariwal and Nichol 2021 (arXiv 2105.05233): BigGAN residual blocks for resampling, adaptive group
norm, attention with 64 channels a head at several resolutions. The walk reads the blocks' own keys,
so it holds for any size.
"""

import math

import torch
import torch.nn.functional as F


def _norm(state, name, x):
    return F.group_norm(x, 32, state[f"{name}.weight"], state[f"{name}.bias"], eps=1e-5)


def _conv(state, name, x):
    weight = state[f"{name}.weight"]
    return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)


def _linear(state, name, x):
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def _resblock(state, name, x, emb, resample):
    h = F.silu(_norm(state, f"{name}.in_layers.0", x))
    if resample == "down":
        h, x = (v.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2)) for v in (h, x))
    elif resample == "up":
        h, x = (v.repeat_interleave(2, 2).repeat_interleave(2, 3) for v in (h, x))
    h = _conv(state, f"{name}.in_layers.2", h)
    scale, shift = _linear(state, f"{name}.emb_layers.1", F.silu(emb))[..., None, None].chunk(2, 1)
    h = F.silu(_norm(state, f"{name}.out_layers.0", h) * (1 + scale) + shift)
    h = _conv(state, f"{name}.out_layers.3", h)
    if f"{name}.skip_connection.weight" in state:
        x = _conv(state, f"{name}.skip_connection", x)
    return x + h


def _attention(state, name, x, head_channels):
    batch, channels = x.shape[:2]
    tokens = _norm(state, f"{name}.norm", x).reshape(batch, channels, -1)
    qkv = torch.einsum("oc,bcn->bon", state[f"{name}.qkv.weight"][..., 0], tokens)
    qkv = qkv + state[f"{name}.qkv.bias"][:, None]
    outputs = []
    for head in range(channels // head_channels):
        # the legacy order: q, k and v of one head lie side by side
        first = 3 * head * head_channels
        q, k, v = (
            qkv[:, first + i * head_channels : first + (i + 1) * head_channels] for i in range(3)
        )
        weight = (q.transpose(1, 2) @ k / math.sqrt(head_channels)).softmax(-1)
        outputs.append(v @ weight.transpose(1, 2))
    h = torch.einsum("oc,bcn->bon", state[f"{name}.proj_out.weight"][..., 0], torch.cat(outputs, 1))
    return x + (h + state[f"{name}.proj_out.bias"][:, None]).reshape(x.shape)


def _parts(state, block):
    indices = {key.split(".")[2] for key in state if key.startswith(f"{block}.")}
    return [f"{block}.{index}" for index in sorted(indices, key=int)]


def _count(state, side):
    return len({key.split(".")[1] for key in state if key.startswith(f"{side}_blocks.")})


def plain_adm(state, x, timesteps, labels=None, *, num_res_blocks, head_channels=64):
    """``x [B, C, H, W]``, ``timesteps [B]``, ``labels [B]`` -> ``[B, out, H, W]``."""
    half = state["time_embed.0.weight"].shape[1] // 2
    angles = timesteps[:, None].to(x.dtype) * torch.tensor(
        [10000 ** (-i / half) for i in range(half)], dtype=x.dtype
    )
    emb = torch.cat([angles.cos(), angles.sin()], 1)
    emb = _linear(state, "time_embed.2", F.silu(_linear(state, "time_embed.0", emb)))
    if labels is not None:
        emb = emb + state["label_emb.weight"][labels]

    def run(block, h, resample=None):
        for part in _parts(state, block):
            if f"{part}.qkv.weight" in state:
                h = _attention(state, part, h, head_channels)
            elif f"{part}.in_layers.2.weight" in state:
                h = _resblock(state, part, h, emb, resample(part) if resample else None)
            else:
                h = _conv(state, part, h)
        return h

    per_level, skips, h = num_res_blocks + 1, [], x
    for n in range(_count(state, "input")):
        down = "down" if n and n % per_level == 0 else None
        h = run(f"input_blocks.{n}", h, lambda _, down=down: down)
        skips.append(h)
    h = _middle(state, h, emb, head_channels)
    for n in range(_count(state, "output")):
        h = run(
            f"output_blocks.{n}",
            torch.cat([h, skips.pop()], 1),
            lambda part: None if part.endswith(".0") else "up",
        )
    return _conv(state, "out.2", F.silu(_norm(state, "out.0", h)))


def _middle(state, h, emb, head_channels):
    h = _resblock(state, "middle_block.0", h, emb, None)
    h = _attention(state, "middle_block.1", h, head_channels)
    return _resblock(state, "middle_block.2", h, emb, None)
