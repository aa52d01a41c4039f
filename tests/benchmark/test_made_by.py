from collections import Counter

from edit_requests import request
from soundini.benchmark.jobs import made_by
from soundini.editing.files import ModelCache
from soundini.packs import pack as packs


def test_each_weight_file_is_hashed_once_for_all_jobs_of_a_pack(monkeypatch):
    read, file_hash = Counter(), packs.file_hash

    def counted(path):
        read[path] += 1
        return file_hash(path)

    monkeypatch.setattr(packs, "file_hash", counted)
    models = ModelCache(only_last=True)
    first = made_by(request(), models)["weights"]
    assert made_by(request("seed=3"), models)["weights"] == first
    coded = made_by(request("method=vqgan-clip"), models)["weights"]
    assert made_by(request("method=vqgan-clip"), models)["weights"] == coded
    assert coded.keys() - first.keys() == {"vqgan"}
    assert len(read) == len(coded)
    assert set(read.values()) == {1}
    made_by(request("compute.dtype=float32"), models)
    assert set(read.values()) == {1, 2}, "models that are loaded anew may be others"
