"""What the doctor finds on a machine."""

import pytest

from ncabench import catalog, doctor
from ncabench.pipeline import Workspace


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Findings by what they are of: no network, no weights, no results folder."""
    folder = tmp_path_factory.mktemp("doctor")
    (folder / "file").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(folder))
        patch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
        findings = doctor.examine(Workspace(results=folder / "file"))
    assert len({one["what"] for one in findings}) == len(findings)
    return {one["what"]: one for one in findings}


def test_every_finding_says_what_how_it_stands_and_the_detail(found):
    for one in found.values():
        assert one.keys() == {"what", "state", "detail"}
        assert one["state"] in ("ok", "missing", "none", "broken", "damaged")
        assert one["detail"]
        assert "\n" not in one["detail"]


def test_every_metric_and_data_set_is_looked_at(found):
    asked = {
        f"{family} {kind}" for family in ("metric", "data") for kind in catalog.kinds(family)
    }
    assert asked <= found.keys()


def test_what_ships_with_the_package_is_here(found):
    shipped = ("python", "torch", "mlflow", "metric mse", "metric st_lpips", "data noto_emoji")
    assert {found[what]["state"] for what in shipped} == {"ok"}


def test_missing_weights_come_with_what_mends_them(found):
    lpips = found["metric lpips"]
    assert lpips["state"] == "missing"
    assert "to mend it: download https://" in lpips["detail"]
    assert lpips["detail"].endswith("--set metric.NAME.kind=st_lpips")


def test_results_that_cannot_be_written_are_broken(found):
    assert found["results"]["state"] == "broken"
    assert found["results"]["detail"].endswith("file: cannot be created: File exists")
