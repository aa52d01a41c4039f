"""The classes of the joint space, and the labels of pictures and sounds that belong to each."""

NONE = "none"
"""The class without an effect: landscapes and people, speech and engines, silence."""

CLASSES = (
    "fire",
    "explosion",
    "thunderstorm",
    "rain",
    "sea",
    "river",
    "snow_wind",
    "underwater",
    NONE,
)

IMAGE_CLASS = {
    "fire": "fire",
    "explosion": "explosion",
    "storm": "thunderstorm",
    "rain": "rain",
    "sea": "sea",
    "waterfall": "river",
    "snow": "snow_wind",
    "ice": "snow_wind",
    "underwater": "underwater",
    "generic": NONE,
    "forest": NONE,
    "clouds": NONE,
    "shine": NONE,
    "sunrise": NONE,
    "smoke": NONE,
    "fog": NONE,
}

SOUND_CLASS = {
    "fire": "fire",
    "explosion": "explosion",
    "thunderstorm": "thunderstorm",
    "rain": "rain",
    "ocean_waves": "sea",
    "river_waterfall": "river",
    "snow": "snow_wind",
    "wind": "snow_wind",
    "underwater_bubbles": "underwater",
    "other": NONE,
}

IMAGE_WEIGHTS = {
    "fire": 0.17,
    "explosion": 0.05,
    "storm": 0.10,
    "rain": 0.08,
    "sea": 0.11,
    "waterfall": 0.05,
    "snow": 0.05,
    "ice": 0.02,
    "underwater": 0.10,
    "generic": 0.12,
    "forest": 0.03,
    "clouds": 0.03,
    "shine": 0.02,
    "sunrise": 0.03,
    "smoke": 0.03,
    "fog": 0.01,
}
"""Share of each picture label in a training batch."""

MIXED_LABELS = ("fire_mixed",)
"""Labels of photographs from which flames are cut out; they belong to no class, since they also hold look-alikes."""
