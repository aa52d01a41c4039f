"""What the fuzzer found, each once more by name."""

import gc
import json
import os

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.benchmark.suite import load_suite
from soundini.cli import main
from soundini.config.presets import override, recipe_from
from soundini.config.recipe import Recipe
from soundini.diffusion.schedule import NoiseSchedule
from soundini.editing.files import prepare_edit
from soundini.editing.part import part_of
from soundini.editing.request import EditRequest, MaskRequest, keyed_path, read_request
from soundini.errors import ConfigError, MaskError, MediaError, ModelError, SoundiniError
from soundini.jobs.job import Job
from soundini.jobs.journal import LOG, LOSSES, Journal, last_step
from soundini.jobs.listing import list_jobs
from soundini.jobs.sealed import read_sealed, write_sealed
from soundini.jobs.windows import WINDOWS, WindowFiles
from soundini.masks.refine import dilate, feather
from soundini.masks.shapes import shape_mask
from soundini.masks.sources import FolderMask, open_mask
from soundini.media.output import check_output
from soundini.media.sound import load_sound
from soundini.media.video_reader import VideoReader
from soundini.packs.denoiser import load_denoiser
from soundini.packs.pack import read_config
from soundini.settings_files import read_json, read_yaml
from soundini.weights.reading import read_checkpoint

BOX = "8,8,16,16"


@pytest.fixture
def video(tmp_path):
    return make.write_video(tmp_path / "in.mp4", 6, size=(32, 48), audio=make.tone(0.25))


@pytest.fixture
def refused(capfd):
    """Run the command line and give the one line that it refuses by."""

    def call(*arguments):
        capfd.readouterr()
        code = main([str(a) for a in arguments])
        err = capfd.readouterr().err
        assert code == 2, err
        assert err.count("\n") == 1
        assert err.startswith("soundini: error: ")
        return err

    return call


def edit(video, *more):
    return ("edit", video, "-s", "self", "--box", BOX, "--models", "debug", *more)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_nested_without_end_is_refused(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_request(path)


def test_yaml_of_billions_of_aliases_is_refused(tmp_path):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path = tmp_path / "suite.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="aliases"):
        load_suite(path, tmp_path)
    path.write_text("- " * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_suite(path, tmp_path)


def test_settings_are_read_from_plain_files_of_a_sane_size(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for read in (read_json, read_yaml):
        for path in (tmp_path / "fifo", "/dev/zero", tmp_path):
            with pytest.raises(ValueError, match="not a plain file"):
                read(tmp_path / path)
        with (tmp_path / "large").open("wb") as file:
            file.truncate(1 << 34)
        with pytest.raises(ValueError, match="larger than"):
            read(tmp_path / "large")


def test_lists_of_clips_that_are_no_text_are_refused(tmp_path):
    from soundini.evaluation.clips import load_clips

    (tmp_path / "clips.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"clips\.yaml"):
        load_clips(tmp_path / "clips.yaml")


@pytest.mark.parametrize("request_", [[], "x", 1, None])
def test_request_that_is_no_object_is_refused(tmp_path, request_):
    (tmp_path / "a.recipe.json").write_text(json.dumps({"request": request_}))
    with pytest.raises(ConfigError, match="request"):
        read_request(tmp_path / "a.recipe.json")


def test_numbers_that_are_none_are_refused():
    for text in ("NaN", "Infinity", "1e400", "1e308"):
        with pytest.raises(ConfigError, match=r"sound\.offset"):
            override(Recipe(), [f"sound.offset={text}"])
    with pytest.raises(ConfigError, match="lambda_sound"):
        recipe_from({"guidance": {"lambda_sound": float("inf")}})


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000, "{" * 100_000])
def test_values_that_json_cannot_hold_are_text(value):
    with pytest.raises(ConfigError, match="seed"):
        override(Recipe(), [f"seed={value}"])
    with pytest.raises(ConfigError, match=r"compute\.memory"):
        override(Recipe(), [f"compute.memory={'9' * 400}.5GB"])


def test_shapes_too_far_away_are_refused():
    for numbers in ("1e308,0,9e307,1", "0,0,1e308,1e308"):
        for kind in ("box", "ellipse"):
            with pytest.raises(MaskError, match=f"no {kind}"):
                shape_mask(kind, numbers, (16, 24))


@pytest.mark.parametrize(("box", "offset"), [("90,90,5,5", 0), (BOX, 86400)])
def test_edit_that_is_refused_leaves_no_file_open(video, box, offset):
    """Warnings are errors in tests: an unclosed file is told as it is collected."""
    request = EditRequest(
        video=video,
        sound="self",
        output=video.with_name("out.mp4"),
        mask=MaskRequest(box=box),
        recipe=override(Recipe(), [f"sound.offset={offset}"]),
        models="debug",
    )
    with pytest.raises(SoundiniError):
        prepare_edit(request)
    gc.collect()


def test_digits_that_are_no_numbers_are_names(tmp_path):
    assert keyed_path("²=a.png")[0] is None
    assert keyed_path(f"{'9' * 5000}=a.png")[0] is None
    for name in ("1²2.png", "2.png"):
        make.write_image(tmp_path / name, make.disc_mask((32, 48), 8))
    assert len(FolderMask(tmp_path, (32, 48)).files) == 2


@pytest.mark.parametrize("bound", ["1e999999999s", "1e9s", "1/0s", "9" * 50_000])
def test_times_that_take_for_ever_to_make_are_refused(video, bound):
    with VideoReader(video) as reader, pytest.raises(ConfigError, match="--start"):
        part_of(reader, bound, None)


def test_matroska_that_claims_an_endless_duration_is_read(tmp_path):
    path = make.write_video(tmp_path / "in.mkv", 6)
    data = path.read_bytes()
    at = data.index(b"00:00:00.", data.index(b"DURATION"))
    path.write_bytes(data[:at] + b"1e99999999:00:0000"[:18] + data[at + 18 :])
    with VideoReader(path) as reader:
        assert sum(1 for _ in reader.frames()) == 6


def test_names_that_the_system_cannot_ask_for_are_refused(refused, video, tmp_path):
    assert "null" in refused(*edit("a\0b", "-o", tmp_path / "out.mp4"))
    assert "null" in refused(*edit(video, "-o", f"{tmp_path}/a\0b.mp4"))
    assert "too long" in refused(*edit(video, "-o", f"{tmp_path}/{'x' * 300}.mp4"))


def test_long_messages_are_cut(refused, video, tmp_path):
    assert (
        len(refused(*edit(video, "-o", tmp_path / "o.mp4", "--set", f"seed={'x' * 50_000}"))) < 1500
    )


def test_masks_that_never_end_are_refused(tmp_path):
    os.mkfifo(tmp_path / "mask.png")
    with pytest.raises(MediaError, match="not a plain file"):
        open_mask(tmp_path / "mask.png", (32, 48))


def test_masks_are_not_given_to_readers_that_start_programs(tmp_path):
    Image.fromarray(np.zeros((32, 48), np.uint8)).save(tmp_path / "a.eps")
    (tmp_path / "mask.png").write_bytes((tmp_path / "a.eps").read_bytes())
    with pytest.raises(MediaError, match="cannot identify"):
        open_mask(tmp_path / "mask.png", (32, 48))


def test_masks_of_absurd_sizes_are_refused_by_their_header(tmp_path):
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / "mask.png")
    data = bytearray((tmp_path / "mask.png").read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = __import__("zlib").crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "mask.png").write_bytes(data)
    with pytest.raises(SoundiniError, match=r"mask\.png"):
        open_mask(tmp_path / "mask.png", (32, 48))


def test_ramp_narrower_than_a_number_is_none():
    mask = make.disc_mask((32, 48), 8)
    assert (feather(mask, 1e-300) == mask).all()


def test_disc_larger_than_the_picture_takes_no_memory():
    mask = make.disc_mask((32, 48), 8)
    assert (dilate(mask, 4096) == 1).all()
    assert (dilate(mask, -4096) == 0).all()


def test_limits_are_told_with_the_way_to_raise_them(tmp_path, monkeypatch):
    path = make.write_video(tmp_path / "in.mp4", 6)
    for variable, words in (("FRAMES", "frame number 3"), ("VIDEO_SECONDS", "comes after")):
        with monkeypatch.context() as patch:
            patch.setenv(f"SOUNDINI_MAX_{variable}", "3" if variable == "FRAMES" else "0.1")
            with VideoReader(path) as reader, pytest.raises(MediaError, match=words) as caught:
                list(reader.frames())
            assert f"raise the limit with SOUNDINI_MAX_{variable}" in str(caught.value)
    monkeypatch.setenv("SOUNDINI_MAX_FRAMES", "many")
    with VideoReader(path) as reader, pytest.raises(ConfigError, match="SOUNDINI_MAX_FRAMES"):
        list(reader.frames())


def test_frame_that_lasts_for_hours_is_no_part_to_edit(refused, tmp_path):
    path = make.write_video(tmp_path / "in.mkv", 3, pts=[0, 40, 20_000_000], time_base=None, fps=25)
    make.write_sound(tmp_path / "a.wav", make.tone(0.3))
    arguments = ("edit", path, "-s", tmp_path / "a.wav", "--box", BOX, "--models", "debug")
    assert "SOUNDINI_MAX" in refused(*arguments, "-o", tmp_path / "out.mp4")


def test_sound_that_starts_hours_after_its_video_is_refused(tmp_path):
    path = make.write_video(
        tmp_path / "in.mkv", 3, audio=make.tone(0.2), audio_start=48_000 * 3600 * 20
    )
    with pytest.raises(MediaError, match="SOUNDINI_MAX_SOUND_SECONDS"):
        load_sound(path)


def test_sidecar_that_cannot_be_written_is_told_before_the_work(refused, video, tmp_path):
    (tmp_path / "out.recipe.json").mkdir()
    assert "out.recipe.json" in refused(*edit(video, "-o", tmp_path / "out.mp4"))
    assert not (tmp_path / "out.mp4").exists()


def test_outputs_that_are_links_are_refused_not_followed(refused, video, tmp_path):
    target = tmp_path / "precious"
    target.write_text("mine")
    for name in ("out.mp4", "out.recipe.json", "live.png"):
        (tmp_path / name).symlink_to(target)
        more = ("--preview-file", tmp_path / name) if name == "live.png" else ()
        assert "symbolic link" in refused(*edit(video, "-o", tmp_path / "out.mp4", *more))
        (tmp_path / name).unlink()
    assert target.read_text() == "mine"
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    with pytest.raises(MediaError, match="symbolic link"):
        check_output(tmp_path / "loop.mp4")


def test_pictures_do_not_overwrite_a_mask(refused, video, tmp_path):
    mask = make.write_image(tmp_path / "mask.png", make.disc_mask((32, 48), 8))
    before = mask.read_bytes()
    arguments = (video, "-s", "self", "-m", mask, "--models", "debug")
    assert "input itself" in refused("preview", *arguments, "-o", mask)
    assert "input itself" in refused("mask preview", video, "-m", mask, "-o", mask)
    out = ("-o", tmp_path / "out.mp4", "--preview-file", mask)
    assert "input itself" in refused("edit", *arguments, *out)
    assert mask.read_bytes() == before


@pytest.mark.parametrize("name", ["../elsewhere.mp4", "/tmp/elsewhere.mp4", "there.mp4"])
def test_recipe_names_its_output_beside_itself_and_overwrites_nothing(
    refused, video, tmp_path, name
):
    (tmp_path / "there.mp4").write_text("mine")
    request = {"video": "in.mp4", "sound": "self", "output": name, "mask": {"box": BOX}}
    recipe = tmp_path / "a.recipe.json"
    recipe.write_text(json.dumps({"request": request | {"models": "debug", "recipe": {}}}))
    assert "-o out.mp4" in refused("edit", "--recipe", recipe)
    assert (tmp_path / "there.mp4").read_text() == "mine"


@pytest.mark.parametrize("content", ["[]", '{"name": 1}', "[" * 100_000, "null"])
def test_packs_that_describe_none_are_refused(tmp_path, content):
    (tmp_path / "pack.json").write_text(content)
    with pytest.raises(ModelError, match=r"pack\.json"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"layers_per_block": 10**9},
        {"block_out_channels": [32] * 5000},
        {"block_out_channels": [2**14] * 2},
    ],
)
def test_networks_larger_than_their_weights_are_not_built(tmp_path, debug, changes):
    debug.denoiser.unet.save_pretrained(tmp_path / "unet")
    (tmp_path / "scheduler_config.json").write_text('{"beta_schedule": "linear"}')
    config = tmp_path / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))
    with pytest.raises(ModelError, match=r"layers_per_block|levels|asks for"):
        load_denoiser(tmp_path, {"unshuffle": 2}, None)


@pytest.mark.parametrize("steps", [2**63, 0, -1, "many"])
def test_schedules_without_end_are_refused(steps):
    with pytest.raises(ValueError, match="num_train_timesteps"):
        NoiseSchedule.from_diffusers({"num_train_timesteps": steps})


def test_archive_with_a_damaged_directory_is_refused(tmp_path):
    import torch

    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(3)}, path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"PK\x01\x02", b"PK\x01\x03", 1))
    with pytest.raises(ModelError, match=r"a\.pt"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe,1", b"step\n" + b"9" * 5000 + b",1,a,1\n", "²,1".encode()]
)
def test_losses_that_are_no_numbers_count_for_nothing(tmp_path, data):
    (tmp_path / LOSSES).write_bytes(data)
    assert last_step(tmp_path) == 0
    Journal(tmp_path)


def test_journals_are_not_written_through_links(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / LOG).symlink_to(tmp_path / "precious")
    with pytest.raises(MediaError, match=r"log\.jsonl"):
        Journal(tmp_path).tell("begun")
    assert (tmp_path / "precious").read_text() == "mine"


def test_windows_are_not_written_through_links(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / WINDOWS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="symbolic link"):
        WindowFiles(tmp_path, "00000000", 0.0, print)


def test_sealed_by_somebody_else_is_not_believed(tmp_path):
    import torch

    write_sealed(tmp_path / "a", {}, {})
    assert read_sealed(tmp_path / "a") is not None
    write_sealed(tmp_path / "b", {}, [1])
    assert read_sealed(tmp_path / "b") is None
    write_sealed(tmp_path / "c", {"x": torch.ones(1)}, {})
    os.mkfifo(tmp_path / "d")
    assert read_sealed(tmp_path / "d") is None


@pytest.fixture
def job(video, tmp_path):
    """A job of an edit that has not begun, in a folder of jobs."""
    (tmp_path / "jobs").mkdir()
    request = EditRequest(
        video=video,
        sound="self",
        output=tmp_path / "out.mp4",
        mask=MaskRequest(box=BOX),
        models="debug",
    )
    edit = prepare_edit(request)
    Job.create(edit, tmp_path / "jobs" / "job").close()
    edit.close()
    return tmp_path / "jobs" / "job"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", "../../x"),
        ("created", "soon"),
        ("created", "2026-01-01T00:00:00"),
        ("steps", -1),
        ("steps", 10**400),
    ],
)
def test_records_of_another_kind_are_damaged(job, refused, name, value):
    record = json.loads((job / "job.json").read_text())
    (job / "job.json").write_text(json.dumps(record | {name: value}))
    assert "damaged" in refused("resume", job)
    assert [status.state for status in list_jobs(job.parent)] == ["damaged"]
    assert main(["jobs", "clean", "--yes", "--in", str(job.parent)]) == 0
    assert list(job.parent.iterdir()) == []


def test_job_of_a_device_is_refused_before_it_is_hashed(job, refused):
    record = json.loads((job / "job.json").read_text())
    record["request"]["video"] = "/dev/zero"
    (job / "job.json").write_text(json.dumps(record))
    assert "not a plain file" in refused("resume", job)


def test_lock_that_is_a_link_is_not_emptied(job, refused):
    (job.parents[1] / "precious").write_text("mine")
    (job / "lock").unlink(missing_ok=True)
    (job / "lock").symlink_to(job.parents[1] / "precious")
    assert "symbolic link" in refused("resume", job)
    assert (job.parents[1] / "precious").read_text() == "mine"


def test_clean_leaves_folders_that_are_no_jobs(job):
    other = job.parent / "project"
    (other / "windows").mkdir(parents=True)
    (other / "windows" / "house.txt").write_text("mine")
    (other / "notes.txt").write_text("mine")
    (job.parent / "link").symlink_to(other)
    assert main(["jobs", "clean", "--yes", "--in", str(job.parent)]) == 0
    assert (other / "windows" / "house.txt").exists()
    assert not job.exists()
