"""Sounds of programs that wrote to a pipe: their headers hold no lengths, and they are read to their end."""

import struct

import av
import numpy as np
import pytest

import media_factory as make
from soundini.errors import MediaError
from soundini.media.sound import load_sound

TONE = make.tone(0.5)
SAMPLES = np.rint(TONE[0] * 32767).astype(np.int16)


def check(path):
    sound = load_sound(path)
    assert sound.sample_rate == 48000
    assert sound.samples.shape == (1, 24000)
    assert np.abs(sound.samples - TONE).max() < 1e-4


@pytest.mark.parametrize("length", [0, 2**64 - 1, 2**63 - 1])
def test_rf64(tmp_path, length):
    data = SAMPLES.astype("<i2").tobytes()
    sizes = struct.pack("<QQQI", length, length, 0, 0)
    form = struct.pack("<HHIIHH", 1, 1, 48000, 96000, 2, 16)
    (tmp_path / "a.wav").write_bytes(
        b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<I", len(sizes)) + sizes
        + b"fmt " + struct.pack("<I", len(form)) + form + b"data\xff\xff\xff\xff" + data
    )  # fmt: skip
    check(tmp_path / "a.wav")


@pytest.mark.parametrize("length", [0, 2**63 - 1, 2**64 - 1])
def test_wave64(tmp_path, length):
    with av.open(str(tmp_path / "a.w64"), "w", format="w64") as out:
        stream = out.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(SAMPLES[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(stream.encode(frame))
    check(tmp_path / "a.w64")
    content = bytearray((tmp_path / "a.w64").read_bytes())
    at = content.index(b"data") + 16
    content[16:24] = content[at : at + 8] = struct.pack("<Q", length)
    (tmp_path / "b.w64").write_bytes(content)
    check(tmp_path / "b.w64")


@pytest.mark.parametrize("frames", [0, 24000])
@pytest.mark.parametrize("length", [0, 8, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F000008])
def test_aiff(tmp_path, frames, length):
    rate = struct.pack(">HQ", 0x400E, 48000 << 48)  # 80 bits: sign and exponent, fraction
    common = struct.pack(">HIH", 1, frames, 16) + rate
    (tmp_path / "a.aiff").write_bytes(
        b"FORM" + struct.pack(">I", length) + b"AIFFCOMM" + struct.pack(">I", len(common)) + common
        + b"SSND" + struct.pack(">III", length, 0, 0) + SAMPLES.astype(">i2").tobytes()
    )  # fmt: skip
    check(tmp_path / "a.aiff")


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_au(tmp_path, length):
    head = struct.pack(">4sIIIII", b".snd", 24, length, 3, 48000, 1)
    (tmp_path / "a.au").write_bytes(head + SAMPLES.astype(">i2").tobytes())
    check(tmp_path / "a.au")


@pytest.mark.parametrize("total", [0, 48000 * 60])
def test_flac_that_counts_its_samples_wrongly(tmp_path, total):
    """What decodes to its end is whole; the count in its header (RFC 9639, 8.2) may be unknown."""
    content = bytearray(make.write_sound(tmp_path / "a.flac", TONE).read_bytes())
    content[21] &= 0xF0
    content[22:26] = struct.pack(">I", total)
    (tmp_path / "b.flac").write_bytes(content)
    assert load_sound(tmp_path / "b.flac").samples.shape == (1, 24000)


@pytest.mark.parametrize("length", [0x40000000, 0x3FFFFFDB, 1_000_000_000])
def test_wav_of_a_gigabyte(tmp_path, length):
    content = bytearray(make.write_sound(tmp_path / "a.wav", TONE).read_bytes())
    content[4:8], content[40:44] = struct.pack("<I", length + 36), struct.pack("<I", length)
    (tmp_path / "b.wav").write_bytes(content)
    check(tmp_path / "b.wav")


def test_half_of_a_wav_is_refused(tmp_path):
    content = make.write_sound(tmp_path / "a.wav", TONE).read_bytes()
    (tmp_path / "b.wav").write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match=r"is incomplete \(0.25 s of 0.50 s"):
        load_sound(tmp_path / "b.wav")


def test_a_packet_without_a_time_of_its_own_follows_the_one_before(tmp_path):
    """As in RealAudio, where many packets bear one time."""
    path = tmp_path / "a.mka"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=48000, layout="mono")
        for at in range(0, 24000, 1000):
            frame = av.AudioFrame.from_ndarray(SAMPLES[None, at : at + 1000], "s16", "mono")
            frame.sample_rate, frame.pts = 48000, 0
            for packet in stream.encode(frame):
                packet.pts = packet.dts = at // 8000 * 8000
                out.mux(packet)
    check(path)


def with_data_length(path, source, length):
    """A WAV whose header was written early and not brought up to date."""
    content = bytearray(source.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", length)
    content[4:8] = struct.pack("<I", at + length - 4)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("length", [2, 1000, 24000, 24001])
def test_a_wav_that_states_too_little(tmp_path, length):
    whole = make.write_sound(tmp_path / "a.wav", TONE)
    check(with_data_length(tmp_path / "b.wav", whole, length))


@pytest.mark.parametrize(
    "after",
    [
        b"LIST" + struct.pack("<I", 2000) + b"INFO" + b"a" * 1996,
        b"abcd" + struct.pack("<I", 3000) + bytes(range(250)) * 12,
        b"TAG" + b"title" * 400,
        b"ID3\4" + b"title" * 400,
        bytes(5000),
        b"some words\n",
    ],
)
def test_what_follows_a_sound_is_not_heard(tmp_path, after):
    path = make.write_sound(tmp_path / "a.wav", TONE)
    path.write_bytes(path.read_bytes() + after)
    check(path)


def test_an_au_that_states_too_little(tmp_path):
    (tmp_path / "a.au").write_bytes(
        b".snd" + struct.pack(">IIIII", 24, 1000, 3, 48000, 1) + SAMPLES.astype(">i2").tobytes()
    )
    check(tmp_path / "a.au")


def test_an_aiff_that_states_too_little(tmp_path):
    rate = struct.pack(">HQ", 0x400E, 48000 << 48)
    common = struct.pack(">HIH", 1, 500, 16) + rate
    (tmp_path / "a.aiff").write_bytes(
        b"FORM" + struct.pack(">I", 1100) + b"AIFFCOMM" + struct.pack(">I", len(common)) + common
        + b"SSND" + struct.pack(">III", 1008, 0, 0) + SAMPLES.astype(">i2").tobytes()
    )  # fmt: skip
    check(tmp_path / "a.aiff")


def test_a_wave64_that_states_too_little(tmp_path):
    with av.open(str(tmp_path / "a.w64"), "w", format="w64") as out:
        stream = out.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(SAMPLES[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(stream.encode(frame))
    content = bytearray((tmp_path / "a.w64").read_bytes())
    at = content.index(b"data") + 16
    content[at : at + 8] = struct.pack("<Q", 24 + 1600)
    (tmp_path / "b.w64").write_bytes(content)
    check(tmp_path / "b.w64")
