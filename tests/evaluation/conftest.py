import pytest

import media_factory as make

TINTS = {"fire": (1, 0.3, 0), "sea": (0.2, 0.6, 0.8), "generic": (0.5, 0.5, 0.5)}
LABELS = {"fire": 300, "ocean_waves": 700, "other": 1500}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder of coloured noise, tones and two clips."""
    folder = tmp_path_factory.mktemp("data")
    make.write_pictures(folder, TINTS, 72)
    lines = ["path,label,source"]
    for label, hertz in LABELS.items():
        for take in range(5):
            make.write_sound(folder / f"{label}{take}x.wav", make.tone(1.0, hertz + 20 * take))
            lines.append(f"{label}{take}x.wav,{label},tones")
    (folder / "sounds.csv").write_text("\n".join(lines) + "\n")
    (folder / "clips").mkdir()
    make.write_video(folder / "clips" / "one.mp4", 8)
    make.write_video(folder / "clips" / "two.mp4", make.moving_frames(9, seed=3))
    (folder / "clips.yaml").write_text(
        "- clip: one.mp4\n  ellipse: 0.5,0.5,0.3,0.4\n- clip: two.mp4\n  box: 0.2,0.2,0.5,0.6\n"
    )
    return folder
