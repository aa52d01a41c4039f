from soundini.media.output import PartialFile, partial_path


def test_what_a_killed_process_left_under_its_token_is_replaced(tmp_path):
    path = tmp_path / "out.mp4"
    partial_path(path, "abc").write_bytes(b"half")
    with PartialFile(path, "abc") as file:
        assert file.partial.read_bytes() == b""
        file.partial.write_bytes(b"whole")
        assert not path.exists()
        file.commit()
    assert path.read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_link_that_lies_in_the_way_is_not_followed(tmp_path):
    path, letter = tmp_path / "out.mp4", tmp_path / "letter.txt"
    letter.write_text("dear")
    partial_path(path, "abc").symlink_to(letter)
    with PartialFile(path, "abc") as file:
        file.partial.write_bytes(b"whole")
        file.commit()
    assert letter.read_text() == "dear"
    assert path.read_bytes() == b"whole"


def test_partial_files_of_two_writers_are_two(tmp_path):
    with PartialFile(tmp_path / "a.mp4") as one, PartialFile(tmp_path / "a.mp4") as other:
        assert one.partial != other.partial
    assert list(tmp_path.iterdir()) == []
