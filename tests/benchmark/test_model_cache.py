from collections import Counter

from edit_requests import request
from soundini.benchmark.model_cache import ModelCache
from soundini.packs import pack as packs


def test_each_weight_file_is_hashed_once_for_all_jobs_of_a_pack(monkeypatch):
    read, file_hash = Counter(), packs.file_hash

    def counted(path):
        read[path] += 1
        return file_hash(path)

    monkeypatch.setattr(packs, "file_hash", counted)
    models = ModelCache()
    first = models.made_by(request())["weights"]
    assert models.made_by(request("seed=3"))["weights"] == first
    coded = models.made_by(request("method=vqgan-clip"))["weights"]
    assert models.made_by(request("method=vqgan-clip"))["weights"] == coded
    assert coded.keys() - first.keys() == {"vqgan"}
    assert len(read) == len(coded)
    assert set(read.values()) == {1}
    models.made_by(request("compute.dtype=float32"))
    assert set(read.values()) == {1, 2}, "models that are loaded anew may be others"
