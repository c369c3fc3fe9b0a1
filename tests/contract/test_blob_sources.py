"""What every source of blobs keeps to, whether git or libgit2 reads for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingitdb.git.objects import ObjectStore
from ingitdb.model.identifiers import BlobId
from tests.support.repositories import RepoBuilder

TEXTS = ["", "one\n", "two\r\n", "\u00e9\U0001f600", "x" * 100_000]
MISSING = BlobId("0123456789" * 4)
ASKING = """
import sys
from pathlib import Path
from ingitdb.git.objects import ObjectStore
store = ObjectStore(Path(sys.argv[1]), object_format=sys.argv[2])
found = dict(store.read_many(sys.argv[3:]))
single = {blob: store.read(blob) for blob in sys.argv[3:] if found[blob] is not None}
assert all(found[blob] == data for blob, data in single.items())
print({blob: data and data.hex() for blob, data in found.items()})
print("pygit2" in sys.modules)
"""


@pytest.fixture(params=["sha1", "sha256"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[RepoBuilder, str, list[str]]:
    """A repository with blobs, packed and loose."""
    options = () if request.param == "sha1" else ("--object-format=sha256",)
    repo = RepoBuilder(tmp_path / "r", *options)
    repo.commit({f"d/{n}": text for n, text in enumerate(TEXTS[:3])}, "packed")
    repo.git("gc", "--quiet")
    repo.commit({f"d/{n}": text for n, text in enumerate(TEXTS)}, "loose")
    blobs = [repo.git("rev-parse", f"HEAD:d/{n}").strip() for n in range(len(TEXTS))]
    return repo, request.param, blobs


def test_through_git_in_a_process_of_its_own(filled: tuple[RepoBuilder, str, list[str]]) -> None:
    repo, object_format, blobs = filled
    missing = MISSING if object_format == "sha1" else MISSING + "0" * 24
    command = [sys.executable, "-c", ASKING, str(repo.path / ".git"), object_format]
    done = subprocess.run([*command, *blobs, missing], check=True, capture_output=True, text=True)
    found, loaded = done.stdout.splitlines()
    expected = {blob: text.encode().hex() for blob, text in zip(blobs, TEXTS, strict=True)}
    assert eval(found) == {**expected, blobs[0]: b"", missing: None}
    assert loaded == "False"


def test_through_libgit2(filled: tuple[RepoBuilder, str, list[str]]) -> None:
    repo, object_format, blobs = filled
    if object_format != "sha1":
        return  # libgit2 reads no other; git answers, as above
    import pygit2  # noqa: F401 - now that it is loaded it is used

    store = ObjectStore(repo.path / ".git")
    wanted = [BlobId(blob) for blob in blobs]
    assert dict(store.read_many([*wanted, MISSING])) == {
        **{blob: text.encode() for blob, text in zip(wanted, TEXTS, strict=True)},
        MISSING: None,
    }
    assert [store.read(blob) for blob in wanted] == [text.encode() for text in TEXTS]
    with pytest.raises(KeyError):
        store.read(MISSING)
