import fsspec
import pytest

from soundini.batch.remote import RemotePlace
from soundini.errors import ConfigError, MediaError


@pytest.fixture
def files():
    """A tree in memory, with a clip that soundini wrote among others."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    names = (
        "clips/a.mp4",
        "clips/b.mp4",
        "clips/made.mp4",
        "clips/made.recipe.json",
        "masks/m/0.png",
    )
    for name in (*names, "clips/[x].mp4"):
        memory.pipe_file(f"/tree/{name}", name.encode())
    memory.pipe_file("/elsewhere/c.mp4", b"not of the tree")
    yield memory
    memory.store.clear()


@pytest.fixture
def place(files):
    return RemotePlace("memory://tree")


def names(place, paths):
    return [path.relative_to(place.root).as_posix() for path in paths]


def test_patterns_match_what_is_there_and_fetch_nothing(place):
    found = place.inputs("clips/*.mp4")
    assert names(place, found) == ["clips/[x].mp4", "clips/a.mp4", "clips/b.mp4"]
    assert not any(path.exists() for path in found)
    assert names(place, place.inputs("**/0.png")) == ["masks/m/0.png"]
    with pytest.raises(
        ConfigError, match=r"nothing matches no/\*.mp4; paths begin at memory://tree"
    ):
        place.inputs("no/*.mp4")


@pytest.mark.parametrize(
    "text", ["../elsewhere/c.mp4", "/etc/passwd", "../elsewhere/*.mp4", "clips/../../x"]
)
def test_nothing_leads_out_of_the_tree(place, text):
    with pytest.raises(ConfigError, match="leads out"):
        place.inputs(text)


def test_names_there_that_lead_out_of_the_mirror_are_passed_over(place, monkeypatch):
    evil = ["/tree/../../etc/x.mp4", "/tree/.marks/x.mp4", "/other/x.mp4", "/tree/clips/a.mp4"]
    monkeypatch.setattr(place._files, "glob", lambda _: evil)
    assert names(place, place.inputs("clips/*.mp4")) == ["clips/a.mp4"]


def test_files_are_fetched_when_they_changed_only(place, files, monkeypatch):
    path = place.root / "clips" / "a.mp4"
    place.bring(path)
    assert path.read_bytes() == b"clips/a.mp4"
    with monkeypatch.context() as patch:
        patch.setattr(place._files, "get_file", None)
        RemotePlace("memory://tree").bring(path)
    files.pipe_file("/tree/clips/a.mp4", b"another")
    place.bring(path)
    assert path.read_bytes() == b"another"


def test_folders_are_as_they_are_there(place, files):
    folder = place.root / "masks" / "m"
    place.bring(folder)
    files.mv("/tree/masks/m/0.png", "/tree/masks/m/1.png")
    place.bring(folder)
    assert [path.name for path in folder.iterdir()] == ["1.png"]


def test_what_is_not_there_is_an_error_unless_it_may_miss(place, files):
    path = place.root / "clips" / "b.mp4"
    place.bring(path)
    files.rm_file("/tree/clips/b.mp4")
    with pytest.raises(MediaError, match=r"memory://tree/clips/b.mp4: there is no such file"):
        place.bring(path)
    place.bring(path, missing_ok=True)
    assert not path.exists(), "what is gone there is gone here"


def test_files_are_sent_whole_or_not_at_all(place, files, monkeypatch):
    path = place.root / "out" / "new.mp4"
    path.parent.mkdir()
    path.write_bytes(b"made")
    place.publish(path)
    assert files.cat_file("/tree/out/new.mp4") == b"made"
    path.write_bytes(b"made anew")

    def cut_off(here, there, **_):
        files.pipe_file(there, b"made a")
        raise OSError("the line is dead")

    with monkeypatch.context() as patch:
        patch.setattr(type(place._files), "put_file", staticmethod(cut_off))
        with pytest.raises(
            ConfigError, match=r"cannot reach out/new.mp4 at memory://tree: the line is dead"
        ):
            place.publish(path)
    assert files.cat_file("/tree/out/new.mp4") == b"made"
    assert files.ls("/tree/out", detail=False) == ["/tree/out/new.mp4"]


@pytest.mark.parametrize("url", ["nothing://at/all", "gs-nothing://bucket"])
def test_addresses_that_nothing_reaches_are_told(url):
    with pytest.raises(ConfigError, match="cannot reach"):
        RemotePlace(url)
