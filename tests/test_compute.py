import pytest
import torch

from soundini.compute import pick_device, pick_dtype
from soundini.errors import ConfigError

CPU = torch.device("cpu")


@pytest.mark.parametrize("unit", ["_is_amx_tile_supported", "_is_avx512_bf16_supported"])
def test_auto_takes_bfloat16_where_the_cpu_has_instructions_for_it(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda found=name == unit: found, raising=False)
    assert pick_dtype("auto", CPU) is torch.bfloat16


def test_auto_takes_float32_on_other_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    assert pick_dtype("auto", CPU) is None


def test_a_torch_that_cannot_tell_means_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert pick_dtype("auto", CPU) is None


def test_a_dtype_that_is_named_is_taken() -> None:
    assert pick_dtype("float32", CPU) is None
    assert pick_dtype("bfloat16", CPU) is torch.bfloat16


def test_an_unknown_device_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"there is no device 'abacus' here; use compute\.device"):
        pick_device("abacus")
