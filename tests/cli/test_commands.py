from soundini.cli.settings import describe
from soundini.config.recipe import Recipe
from soundini.config.section import setting_names, walk_settings

from .conftest import assert_refused, start


def test_help_names_the_commands(run):
    code, told, _ = run("--help")
    assert code == 0
    for command in ("edit", "resume", "jobs", "preview", "mask preview", "demo", "settings"):
        assert command in told


def test_version():
    process = start("--version")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert told.startswith("soundini ")


def test_installed_command():
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="soundini")
    assert script.value == "soundini.cli:main"


def test_help_of_edit_names_every_flag(run):
    code, told, _ = run("edit", "--help")
    assert code == 0
    flags = "sound mask box ellipse polygon whole-frame track dilate feather invert start end seed"
    more = "output audio envelope noise preset set models recipe dry-run preview-file memory job stride"
    for flag in f"{flags} {more}".split():
        assert f"--{flag}" in told


def test_settings_lists_every_setting_with_its_words(run):
    code, told, _ = run("settings")
    assert code == 0
    settings = dict(walk_settings(Recipe))
    assert list(settings) == setting_names(Recipe)
    for name, field in settings.items():
        assert f"\n{name} = " in told
        assert describe(field), f"{name} is not documented"
        assert describe(field) in told
    assert_refused(run("settings", "--preset", "nothing"), "nothing")


def test_settings_may_be_read_by_head():
    with start("settings") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""


def test_doctor(run):
    code, told, err = run("doctor", "--models", "embedded")
    assert (code, err) == (0, "")
    for word in (
        "torch",
        "device (auto)",
        "dtype (auto)",
        "threads",
        "libavcodec",
        "libx264",
        "100 frames",
        "image_tower.safetensors",
    ):
        assert word in told


def test_doctor_without_weights(run, tmp_path):
    assert_refused(run("doctor", "--models", tmp_path / "none"), "none")
