"""The commands as they are typed: what they print, and their exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ncabench.plan.json_schema import json_schema
from ncabench.run import folder, outcome
from ncabench.run.outcome import Record

TINY = Path(__file__).parent / "tiny.toml"
SUITES = Path(__file__).parents[1] / "suites"
LIGHT = """
import sys
from ncabench.cli import main as cli
sys.argv = ["ncabench", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as ended:
    assert not ended.code, ended.code
print([name for name in ("torch", "mlflow") if name in sys.modules])
"""


@pytest.fixture(autouse=True)
def an_empty_folder(monkeypatch, tmp_path):
    """Where the commands are typed."""
    monkeypatch.chdir(tmp_path)


COMMANDS = (
    *("run", "plan", "report", "status", "list", "show", "logs", "doctor"),
    *("export", "import", "sync", "accept", "schema", "data"),
    *("check", "compare", "papers"),
)


def test_help_names_every_command(ncabench):
    code, out, err = ncabench("--help")
    assert (code, err) == (0, "")
    assert [name for name in COMMANDS if f"│ {name} " not in out] == []


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "metric"], ["run", "--help"]])
def test_help_and_list_load_neither_torch_nor_mlflow(words):
    line = [sys.executable, "-c", LIGHT, *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_plan_as_json_lists_every_entry(ncabench):
    code, out, err = ncabench("plan", TINY, "--json", "--device", "cpu")
    rows = json.loads(out)
    asked = {"id", "role", "model", "task", "rng_seed", "parameters", "status"}
    assert (code, err, len(rows)) == (0, "", 9)
    assert [row for row in rows if not asked <= row.keys()] == []
    assert {row["perturbation"] for row in rows if row["role"] == "evaluation"} == {
        "damage",
        "mutation",
    }


def test_what_several_suites_ask_for_is_listed_once(ncabench):
    suites = [SUITES / f"vitca_{name}.toml" for name in ("training", "denoising")]
    words = (*suites, "--set", "grid.rng_seed=[0]", "--json", "--device", "cpu")
    rows = json.loads(ncabench("plan", *words)[1])
    assert len({row["id"] for row in rows}) == len(rows) == 2 * 70  # 60 trainings, and 10 more
    assert sum(json.loads(ncabench("status", *words)[1]).values()) == len(rows)


def test_a_plan_as_text_has_a_line_for_each_entry(ncabench):
    _, out, _ = ncabench("plan", TINY, "-k", "sobel and training", "--device", "cpu")
    head, line = (row.split("\t") for row in out.splitlines())
    assert head == [
        *("id", "role", "model", "perception", "task", "perturbation", "recipe", "rng_seed"),
        *("parameters", "status"),
    ]
    assert line[1:] == ["training", "nca", "sobel", "emoji", "", "", "0", "400", "pending"]


def test_a_plan_says_why(ncabench):
    words = ("-k", "sobel and training", "--device", "cpu", "--why")
    _, out, _ = ncabench("plan", TINY, *words)
    assert out.splitlines()[0].endswith("\tstatus\twhy")
    assert out.splitlines()[1].endswith("\tpending\tno record of this id on this device")


def test_an_overlay_and_a_preset_reach_the_plan(ncabench):
    def ids(*words):
        rows = json.loads(ncabench("plan", TINY, "--json", "--device", "cpu", *words)[1])
        return {row["id"] for row in rows}

    plain = ids()
    assert len({frozenset(one) for one in (plain, ids("--preset", "slow"))}) == 2
    assert ids("--set", "train.iterations=4000") == ids("--preset", "slow")
    assert plain == ids("--set", "train.iterations=12")


def test_status_counts_the_entries(ncabench):
    code, out, _ = ncabench("status", TINY, "--device", "cpu")
    assert code == 0
    assert out == "role\tstatus\tentries\nevaluation\tpending\t6\ntraining\tpending\t3\n"
    _, out, _ = ncabench("status", TINY, "--device", "cpu", "--json")
    assert json.loads(out) == {"evaluation/pending": 6, "training/pending": 3}


def test_a_family_is_listed_by_kind(ncabench):
    code, out, _ = ncabench("list", "pool")
    head, *lines = out.splitlines()
    assert (code, head) == (0, "family\tkind\tfrom\twhat it is")
    kinds = [line.split("\t")[1] for line in lines]
    assert kinds == ["fifo", "replacing", "returning", "shuffled", "timeseries"]


def test_an_unknown_family_is_refused(ncabench):
    code, out, err = ncabench("list", "perceptoin")
    assert (code, out) == (2, "")
    assert err.startswith("no family or kind 'perceptoin'\n  accepted: autoencoder, ")
    assert err.endswith("  did you mean 'perception'?\n")


def test_an_unknown_id_is_refused(ncabench):
    see = "id begins with 'zz'; see `ncabench plan`\n"
    assert ncabench("show", "zz") == (4, "", f"results: no record's {see}")
    assert ncabench("logs", "zz") == (4, "", f"results: no run's {see}")


def test_the_schema_is_valid_json_of_the_suite_format(ncabench):
    code, out, _ = ncabench("schema")
    found = json.loads(out)
    assert (code, found) == (0, json_schema())
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_data_sets_are_listed(ncabench):
    code, out, _ = ncabench("data", "list")
    assert (code, out.splitlines()[0]) == (0, "kind\tstate\tlicence\tdetail")
    assert "\nnoto_emoji\there\tApache-2.0\t" in out
    rows = json.loads(ncabench("data", "list", "--json")[1])
    assert {"kind", "state", "licence", "detail"} == rows[0].keys()


def test_an_unknown_outcome_to_retry_is_refused_with_the_nearest(ncabench):
    assert ncabench("run", TINY, "--retry", "oom,timout") == (
        2,
        "",
        "--retry: no outcome 'timout'\n"
        "  accepted: crashed, diverged, infeasible, no_data, ok, oom, skipped, timeout\n"
        "  did you mean 'timeout'?\n",
    )
    assert not Path("results").exists()


def test_a_selection_of_nothing_is_refused_before_anything_runs(ncabench):
    code, out, err = ncabench("run", TINY, "--device", "cpu", "-k", "sobbel")
    assert (code, out) == (2, "")
    assert err.startswith("-k: 'sobbel' selects nothing\n  accepted: conv3x3, damage, ")
    assert err.endswith("\n  did you mean 'sobel'?\n")


ODD = {
    "no workers": (["run", "x.toml", "-j", "0"], "Invalid value for '-j'"),
    "workers in words": (["run", "x.toml", "-j", "two"], "Invalid value for '-j'"),
    "an unknown format": (["report", "--format", "word"], "Invalid value for '--format'"),
    "an unknown command": (["rnu"], "No such command 'rnu'. Did you mean 'run'?"),
    "an unknown option": (["plan", "x.toml", "--whyy"], "No such option: --whyy"),
    "no suite": (["run"], "Missing argument"),
}


@pytest.mark.parametrize(("words", "what"), ODD.values(), ids=ODD)
def test_words_that_are_no_command_end_with_2(ncabench, words, what):
    code, out, err = ncabench(*words)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ncabench ")
    assert what in err


def test_no_words_at_all_show_the_help(ncabench):
    code, out, _ = ncabench()
    assert (code, out.strip()) == (2, ncabench("--help")[1].strip())


def test_a_bundle_that_is_not_there_or_none_is_refused(ncabench):
    assert ncabench("import", "none.zip") == (
        4,
        "",
        "none.zip: cannot be read: No such file or directory\n",
    )
    Path("odd.zip").write_text("odd")
    code, _, err = ncabench("import", "odd.zip")
    assert code == 4
    assert err.startswith("odd.zip: is no bundle of ncabench, or was cut short (")


@pytest.mark.parametrize(("keep", "code"), [((), 4), (("--keep", "here"), 0)], ids=str)
def test_an_import_that_contradicts_what_is_here_ends_with_4(ncabench, keep, code):
    for results, loss in (("here", 1.0), ("there", 2.0)):
        place = folder.make(Path(results) / "runs" / "ab12" / "cpu-eager")
        key = {"role": "training", "id": "ab12", "device_class": "cpu", "engine": "eager"}
        made = Record(**key, outcome="ok", spec={}, values={"final_loss": loss})
        outcome.write(made, folder=place)
    ncabench("export", "some.zip", "--results", "there")
    found, out, err = ncabench("import", "some.zip", "--results", "here", *keep)
    assert (found, "final_loss is 1.0 here and 2.0 there" in (out if keep else err)) == (
        code,
        1,
    )


def test_an_export_says_how_many_runs_it_holds(ncabench):
    assert ncabench("export", "empty.zip") == (0, "empty.zip: 0 runs\n", "")
