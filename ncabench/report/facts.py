"""What records state of themselves: code, environment, data, and what changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ncabench.errors import NcabenchError, RecordError
from ncabench.plan import sources
from ncabench.plan.sources import behind
from ncabench.record.stored import StoredRun
from ncabench.report import artifacts

Json = dict[str, Any]
SAME, ACCEPTED, STALE, UNKNOWN = "current", "accepted", "stale", "not recorded"


class Facts:
    """What records state of themselves; what several of them share stands once.

    Attributes:
        environments: by a digest of it: versions, device, driver, flags.
        sources: by a digest of it: SHA-256 of each source file that decided numbers.
    """

    def __init__(self) -> None:
        self.environments: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}

    def of(self, run: StoredRun, record: Mapping[str, Any] | None = None) -> Json:
        """Return the facts of a run; its environment and sources by their digests.

        Args:
            run: that is stored.
            record: what its record says, if it was read already.

        Raises:
            RecordError: its record is missing or damaged.
        """
        found = read(run) if record is None else record
        environment = dict(found.get("environment", {}))
        commit, accepted = environment.pop("commit", None), environment.pop("accepted", None)
        spec, digests = found.get("spec", {}), found.get("sources", {})
        changed = _changed(spec, digests, engine=run.engine)
        return {
            "record": name(run),
            "role": run.role,
            "id": run.id,
            "training": run.training,
            "outcome": "unfinished" if run.unfinished else run.outcome,
            "reason": run.reason,
            "device_class": run.device_class,
            "device": run.device,
            "engine": run.engine,
            "seconds": run.seconds,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "resumed_at": list(found.get("resumed_at", [])),
            "labels": [dict(one) for one in run.labels],
            "warnings": list(run.warnings),
            "record_sha256": run.digest,
            "commit": commit_words(commit),
            "data": data_of(spec),
            "environment": _once(self.environments, environment),
            "sources": _once(self.sources, digests),
            "state": _state(digests, changed=changed, accepted=accepted),
            "changed_since": changed or [],
            "accepted": accepted,
        }


def name(run: StoredRun) -> str:
    """Return what names a record, in every store: where it lies in a bundle."""
    return f"{run.id}/{run.device_class}-{run.engine}"


def read(run: StoredRun) -> Json:
    """Return what a run's record says.

    Raises:
        RecordError: it is missing or damaged.
    """
    path = run.artifact(artifacts.RECORD)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: is damaged ({error})") from error


def commit_words(found: Any) -> str:
    """Return a commit in words.

    >>> commit_words({"sha": "abc", "dirty": True}), commit_words({"sha": "abc", "dirty": None})
    ('abc, with changes', 'abc, as told: whether it was changed is not known')
    >>> commit_words(None)
    'not recorded'
    """
    if not isinstance(found, Mapping):
        return str(found or "not recorded")
    if found.get("dirty") is None:
        return f"{found.get('sha')}, as told: whether it was changed is not known"
    return f"{found.get('sha')}{', with changes' if found['dirty'] else ''}"


def data_of(spec: Mapping[str, Any]) -> list[Json]:
    """Return the data sets that a spec and its training read: kind, selection, digest.

    >>> data_of({"training": {"data": {"kind": "mnist_5k", "digest": "80"}}})
    [{'kind': 'mnist_5k', 'digest': '80'}]
    """
    found = [dict(one["data"]) for one in behind(spec) if one.get("data")]
    return [one for place, one in enumerate(found) if one not in found[:place]]


def _changed(
    spec: Mapping[str, Any], recorded: Mapping[str, str], *, engine: str
) -> list[str] | None:
    """Return the source files that are not what they were; None where that cannot be told."""
    if not (spec and recorded):
        return None
    try:
        return sources.changed(spec, recorded, engine=engine)
    except (NcabenchError, ImportError):  # a component that is no longer here
        return None


def _once(kept: dict[str, Json], found: Mapping[str, Any]) -> str:
    text = json.dumps(found, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    kept.setdefault(digest, json.loads(text))
    return digest


def _state(recorded: Mapping[str, str], *, changed: list[str] | None, accepted: Any) -> str:
    """Return whether the code that decided the numbers is the code that is here."""
    if not recorded:
        return UNKNOWN
    if changed is None:
        return "not comparable: a component is no longer here"
    if changed:
        return STALE
    return ACCEPTED if accepted else SAME
