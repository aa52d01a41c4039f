"""The sound encoders, CLIP, RAFT and LPIPS: published keys against what soundini loads."""

import pytest
import torch
from torchvision.models.optical_flow import raft_large

from soundini.baselines.vqgan.config import OFFICIAL
from soundini.errors import ModelError
from soundini.flow.raft import RAFTFlow
from soundini.perceptual import load_perceptual
from soundini.weights.formats import FORMATS, find_format, recognise
from soundini.weights.importing import import_checkpoint
from soundini.weights.reading import layout_of
from soundini.weights.sound_encoders import resnet_layout, swin_layout, swin_to_timm, timm_to_swin
from soundini.weights.vision import (
    CLIP_VIT_B16,
    CLIP_VIT_B32,
    clean_clip,
    clip_layout,
    lins_layout,
    princeton_to_torchvision,
    trunk_layout,
    vqgan_layout,
)

PUBLISHED = {
    "guided_256_uncond": "guided_256_uncond",
    "guided_512_cond": "guided_512_cond",
    "swin_audio_timm054": "swin_audio",
    "resnet18_audio": "resnet18_audio",
    "clip_vit_b32": "clip_vit_b32",
    "clip_vit_b16": "clip_vit_b16",
    "raft_things": "raft_large",
    "lpips_vgg_lin": "lpips_vgg_lins",
    "vgg16_features": "vgg16",
    "vqgan_imagenet_f16_1024": "vqgan_imagenet_f16_1024",
    "vqgan_imagenet_f16_16384": "vqgan_imagenet_f16_16384",
}
TABLES = ("attn_mask", "relative_position_index")


def _meta(layout):
    return {key: torch.empty(shape, device="meta") for key, shape in layout.items()}


def test_every_published_layout_has_a_format(layouts):
    assert set(PUBLISHED) == set(layouts)
    # those without a written-down layout are compared with their published counts beside their networks
    counted = {"guided_512_uncond", "secondary", "vipant_audio", "wav2clip_audio"}
    assert {known.name for known in FORMATS} == set(PUBLISHED.values()) | counted


def test_the_512_fine_tune_is_the_512_model_without_labels(layouts):
    cond = layouts["guided_512_cond"]
    uncond = find_format("guided_512_uncond").layout()
    assert len(uncond) == 644  # as published
    assert dict(uncond) == {k: v for k, v in cond.items() if k != "label_emb.weight"}
    assert recognise(_meta(uncond)).name == "guided_512_uncond"


@pytest.mark.parametrize("name", ["secondary", "vipant_audio", "wav2clip_audio"])
def test_the_others_are_recognised_too(name):
    assert recognise(_meta(find_format(name).layout())).name == name


@pytest.mark.parametrize("published", PUBLISHED)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_is_recognised_by_keys_and_shapes(layouts, published, prefix):
    if published in ("lpips_vgg_lin", "vgg16_features"):
        prefix = ""
    state = {
        prefix + key.removeprefix("module."): v for key, v in _meta(layouts[published]).items()
    }
    assert recognise(state).name == PUBLISHED[published]


def test_layouts_are_the_published_ones(layouts):
    swin = {k: v for k, v in layouts["swin_audio_timm054"].items() if not k.endswith(TABLES)}
    assert swin_layout() == swin
    assert resnet_layout() == layouts["resnet18_audio"]
    assert clip_layout(CLIP_VIT_B32) == layouts["clip_vit_b32"]
    assert clip_layout(CLIP_VIT_B16) == layouts["clip_vit_b16"]
    assert lins_layout() == layouts["lpips_vgg_lin"]
    assert trunk_layout() == layouts["vgg16_features"]
    for name, config in OFFICIAL.items():
        assert vqgan_layout(config) == layouts[name]


def test_swin_names_map_both_ways(layouts):
    state = _meta(layouts["swin_audio_timm054"])
    converted = swin_to_timm({f"module.{key}": value for key, value in state.items()})
    assert "feature_extractor.head.fc.weight" in converted
    reduction = converted["feature_extractor.layers.1.downsample.reduction.weight"]
    assert reduction is state["feature_extractor.layers.0.downsample.reduction.weight"]
    assert swin_to_timm(converted).keys() == converted.keys()
    back = timm_to_swin(converted)
    assert layout_of(back) == {k: v for k, v in layout_of(state).items() if not k.endswith(TABLES)}


def test_clip_drops_what_is_no_weight(layouts):
    extra = ("input_resolution", "vocab_size", "transformer.resblocks.0.attn_mask")
    state = _meta(layouts["clip_vit_b32"] | dict.fromkeys(extra, ()))
    assert layout_of(clean_clip(state, CLIP_VIT_B32)) == layouts["clip_vit_b32"]
    with pytest.raises(ModelError, match=r"1 missing \(visual.proj\)"):
        clean_clip({k: v for k, v in state.items() if k != "visual.proj"}, CLIP_VIT_B32)


# what the authors call it -> what torchvision calls it; by hand, and not from the code under test
RAFT_PAIRS = {
    "fnet.conv1.weight": "feature_encoder.convnormrelu.0.weight",
    "fnet.layer2.0.conv2.bias": "feature_encoder.layer2.0.convnormrelu2.0.bias",
    "fnet.layer3.0.downsample.0.weight": "feature_encoder.layer3.0.downsample.0.weight",
    "fnet.conv2.weight": "feature_encoder.conv.weight",
    "cnet.norm1.running_mean": "context_encoder.convnormrelu.1.running_mean",
    "cnet.layer1.1.norm2.weight": "context_encoder.layer1.1.convnormrelu2.1.weight",
    "cnet.layer3.0.downsample.1.bias": "context_encoder.layer3.0.downsample.1.bias",
    "cnet.conv2.bias": "context_encoder.conv.bias",
    "update_block.encoder.convc1.weight": "update_block.motion_encoder.convcorr1.0.weight",
    "update_block.encoder.convc2.weight": "update_block.motion_encoder.convcorr2.0.weight",
    "update_block.encoder.convf1.weight": "update_block.motion_encoder.convflow1.0.weight",
    "update_block.encoder.convf2.bias": "update_block.motion_encoder.convflow2.0.bias",
    "update_block.encoder.conv.weight": "update_block.motion_encoder.conv.0.weight",
    "update_block.gru.convz1.weight": "update_block.recurrent_block.convgru1.convz.weight",
    "update_block.gru.convr2.weight": "update_block.recurrent_block.convgru2.convr.weight",
    "update_block.gru.convq2.bias": "update_block.recurrent_block.convgru2.convq.bias",
    "update_block.flow_head.conv2.weight": "update_block.flow_head.conv2.weight",
    "update_block.mask.0.weight": "mask_predictor.convrelu.0.weight",
    "update_block.mask.2.bias": "mask_predictor.conv.bias",
}


@pytest.fixture(scope="module")
def princeton(layouts, random_state):
    state = random_state(layouts["raft_things"])
    for key in state:
        if ".norm3." in key:
            state[key] = state[key.replace("norm3", "downsample.1")]
    return state


def test_raft_tensors_go_where_they_belong(princeton):
    converted = princeton_to_torchvision(princeton)
    for theirs, ours in RAFT_PAIRS.items():
        assert converted[ours] is princeton[f"module.{theirs}"]
    kept = [v for k, v in princeton.items() if ".norm3." not in k]
    assert {id(v) for v in converted.values()} == {id(v) for v in kept}
    # the parameters are in the same order in both, which no renaming rule could know
    assert [v.shape for v in converted.values() if v.ndim == 4]
    with torch.device("meta"):
        network = raft_large(weights=None)
    assert layout_of(network.state_dict()) == layout_of(converted)
    assert sum(p.numel() for p in network.parameters()) == 5_257_536


def test_raft_norms_that_differ_are_refused(princeton):
    key = "module.cnet.layer2.0.norm3.weight"
    with pytest.raises(ModelError, match="should be one tensor"):
        princeton_to_torchvision(princeton | {key: princeton[key] + 1})


def _residual(state, name, x, strided):
    """One residual block of RAFT's context encoder, from the authors' keys."""

    def norm(h, part):
        key = f"{name}.{part}"
        mean, var = state[f"{key}.running_mean"], state[f"{key}.running_var"]
        return torch.nn.functional.batch_norm(
            h, mean, var, state[f"{key}.weight"], state[f"{key}.bias"]
        )

    def conv(h, part, stride):
        weight = state[f"{name}.{part}.weight"]
        bias = state[f"{name}.{part}.bias"]
        return torch.conv2d(h, weight, bias, stride=stride, padding=weight.shape[-1] // 2)

    stride = 2 if strided else 1
    h = norm(conv(x, "conv1", stride), "norm1").relu()
    h = norm(conv(h, "conv2", 1), "norm2").relu()
    return ((norm(conv(x, "downsample.0", 2), "norm3") if strided else x) + h).relu()


@torch.no_grad()
def test_raft_context_encoder_computes_what_the_authors_does(princeton):
    with torch.device("meta"):
        network = raft_large(weights=None)
    network.load_state_dict(princeton_to_torchvision(princeton), assign=True)
    encoder = network.eval().context_encoder
    state = {k.removeprefix("module."): v for k, v in princeton.items()}
    x = torch.randn(1, 64, 12, 16, generator=torch.Generator().manual_seed(0))
    expected = _residual(state, "cnet.layer2.0", x, strided=True)
    expected = _residual(state, "cnet.layer2.1", expected, strided=False)
    assert torch.allclose(encoder.layer2(x), expected, atol=1e-5)


@torch.no_grad()
def test_raft_is_the_same_from_either_file(princeton, tmp_path):
    torch.save(princeton, tmp_path / "raft-things.pth")
    torch.save(princeton_to_torchvision(princeton), tmp_path / "raft_large_C_T_V1.pth")
    frames = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(1)) * 2 - 1
    flows = []
    for name in ("raft-things.pth", "raft_large_C_T_V1.pth"):
        imported = import_checkpoint(tmp_path / name, tmp_path / name.split(".")[0])
        assert imported.format == "raft_large"
        flows.append(RAFTFlow.from_file(imported.weights, "large", 1)(frames[:1], frames[1:]))
    assert torch.equal(*flows)


def test_lpips_is_found_after_both_imports(layouts, random_state, tmp_path):
    # the files as published: the trunk with its classifier
    trunk = random_state(layouts["vgg16_features"]) | {"classifier.0.weight": torch.zeros(2, 2)}
    lins = {k: v.abs() for k, v in random_state(layouts["lpips_vgg_lin"]).items()}
    torch.save(trunk, tmp_path / "vgg16.pth")
    torch.save(lins, tmp_path / "vgg.pth", _use_new_zipfile_serialization=False)
    for name in ("vgg16.pth", "vgg.pth"):
        imported = import_checkpoint(tmp_path / name, tmp_path)
    distance = load_perceptual("lpips", imported.weights.parent)
    assert torch.equal(distance.get_buffer("lin0").flatten(), lins["lin0.model.1.weight"].flatten())


def test_an_unknown_layout_says_which_there_are():
    with pytest.raises(ModelError, match="guided_256_uncond, guided_512_cond"):
        find_format("guided_1024")
    with pytest.raises(ModelError, match="1 tensors, the first teapot"):
        recognise({"teapot": torch.zeros(1)})
