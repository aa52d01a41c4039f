import pytest

from soundini.errors import MediaError
from soundini.training.vggsound import VggSoundClip, find_files, read_manifest


def manifest(folder, text):
    path = folder / "vggsound.csv"
    path.write_text(text)
    return path


def test_rows_of_a_split_are_read_once(tmp_path):
    rows = ["---g-f_I2yQ,1,people marching,train", 'x,30,"wind, rustling",train', "y,2,rain,test"]
    path = manifest(tmp_path, "\n".join([*rows, rows[0]]) + "\n")
    first, second = read_manifest(path)
    assert first == VggSoundClip("---g-f_I2yQ", 1, "people marching", "train")
    assert first.stem == "---g-f_I2yQ_000001"
    assert second.label == "wind, rustling"
    assert [c.stem for c in read_manifest(path, "test")] == ["y_000002"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,1,rain,train\nb,1,rain\n", "line 2 is no clip"),
        ("a,one,rain,train\n", "line 1 is no clip"),
        ("a,1,rain,dev\n", "line 1 is no clip"),
        ("../a,1,rain,train\n", "line 1 is no clip"),
        ("a,1,,train\n", "line 1 is no clip"),
        ("a,1,rain,test\n", "no clip of the split 'train'"),
        ("", "no clip of the split"),
    ],
)
def test_a_list_that_is_none_is_told_in_one_line(tmp_path, text, says):
    with pytest.raises(MediaError, match=says) as error:
        read_manifest(manifest(tmp_path, text))
    assert "\n" not in str(error.value)


def test_files_are_found_wherever_they_lie_under_the_folder(tmp_path):
    clips = [VggSoundClip(name, 5, "rain", "train") for name in "cab"]
    for name in ("video/a_000005.mp4", "audio/a_000005.wav", "b_000005.WEBM", "c_000005.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (a, b), missing = find_files(clips, tmp_path)
    assert (a.video, a.sound) == (tmp_path / "video/a_000005.mp4", tmp_path / "audio/a_000005.wav")
    assert b.video == b.sound == tmp_path / "b_000005.WEBM"
    assert missing == [clips[0]]  # a sound alone has no picture
    with pytest.raises(MediaError, match="no folder"):
        find_files(clips, tmp_path / "nowhere")
