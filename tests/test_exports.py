import soundini


def test_every_public_name_resolves():
    for name in soundini.__all__:
        assert getattr(soundini, name) is not None


def test_public_names_are_sorted_and_documented():
    assert sorted(soundini.__all__) == soundini.__all__
    for name in soundini.__all__:
        if not name.startswith("_"):
            assert getattr(soundini, name).__doc__
