"""What a record says of the machine and the code."""

import os
import subprocess

from ncabench.run import environment


def test_asking_for_changes_leaves_the_repository_alone(tmp_path):
    """A refreshed index takes a lock, which a killed run would leave behind."""
    file, index = tmp_path / "file", tmp_path / ".git" / "index"
    file.write_text("the same\n")
    for words in (("init", "-q"), ("add", "file")):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    os.utime(file, (1_000_000_000, 1_000_000_000))  # a status would note this in the index
    before = index.read_bytes()
    assert environment._git(tmp_path, "status", "--porcelain") == "A  file"
    assert index.read_bytes() == before
    subprocess.run(["git", "-C", str(tmp_path), "status", "--porcelain"], check=True)
    assert index.read_bytes() != before


def test_a_copy_without_its_repository_is_told_what_it_is_a_copy_of(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "ncabench" / "run" / "here.py"))
    monkeypatch.delenv("NCABENCH_COMMIT", raising=False)
    assert environment.commit() is None
    monkeypatch.setenv("NCABENCH_COMMIT", "abc123")
    assert environment.commit() == {"sha": "abc123", "dirty": None}
