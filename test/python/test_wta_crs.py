"""The pass intq-wta-crs on a whole network: what must not change does not change by a bit, what is estimated is
estimated without bias, and every route gives the same estimate."""
import re
import shutil
import subprocess

import numpy as np
import pytest
from test_end_to_end import job, record, run  # noqa: F401 (fixtures)

from intq import norm_cache
from intq.checkpoint_folder import CheckpointFolder
from intq.export import export_training
from intq.program import Program

BATCH, SEQ = 8, 16
SAMPLED = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]


@pytest.fixture(scope="module")
def graph(checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "train.onnx"
    export_training(CheckpointFolder.open(str(checkpoint)), path, task="classification", num_labels=2, batch=BATCH,
                    seq=SEQ, seed=1)
    return path


def inputs(lengths=None, ids_seed=0):
    rng = np.random.default_rng(ids_seed)
    lengths = np.full(BATCH, SEQ) if lengths is None else lengths
    mask = (np.arange(SEQ) < lengths[:, None]).astype(np.int64)
    return {"input_ids": rng.integers(4, 30, (BATCH, SEQ)) * mask, "attention_mask": mask,
            "token_type_ids": np.zeros((BATCH, SEQ), np.int64), "labels": rng.integers(0, 2, BATCH)}


def compile_grad(graph, recipe="row8", ratio=None, engine="reference", functions=("grad",), **more):
    options = {"recipe": recipe, "engine": engine, "threads": 1, "functions": list(functions), "dropout": 0.0}
    sampling = {k: more.pop(k) for k in ("sampler", "criterion", "cache", "minimal_k", "share_siblings", "sites", "defensive")
                if k in more}
    if ratio:
        options["sampling"] = {"ratio": ratio} | sampling
    return Program.compile(graph, options | more)


def is_sampled(name, recipe="float"):
    """In integers the layer before GELU is exact: GELU's input is computed again from its input."""
    return any(name.endswith(part + ".weight") for part in SAMPLED if recipe == "float" or part != "intermediate.dense")


@pytest.mark.parametrize("recipe", ["float", "row8", "paper16", "paper8", "tile8", "mx8"])
def test_only_weight_gradients_change_and_none_if_all_rows_that_matter_are_kept(graph, recipe):
    """38 of 128 rows are kept. Where 33 are no padding every bit is that of the program that does not sample, but where
    rows share scales: these are others among the rows that are kept."""
    few, many = inputs(np.array([5, 1, 9, 2, 3, 6, 4, 3])), inputs(np.arange(BATCH) * 2 + 1)
    with compile_grad(graph, recipe) as exact, compile_grad(graph, recipe, 0.3) as sampled:
        report = {layer["site"] for layer in sampled.info["sampling"] if "kept" in layer}
        assert report == {o["name"][5:] for o in sampled.outputs("grad") if is_sampled(o["name"], recipe)}
        for data, may_change in ((few, recipe in ("tile8", "mx8")), (many, True)):
            expected, got = (p.run("grad", data, seed=5) for p in (exact, sampled))
            changed = {name for name in got if not np.array_equal(got[name], expected[name])}
            assert bool(changed) == may_change and all(is_sampled(name, recipe) for name in changed)


@pytest.mark.parametrize("recipe,sampler,criterion", [("row8", "wta", "paper"), ("float", "wta", "squared"),
                                                      ("float", "pps", "paper")])
def test_mean_over_seeds_is_the_exact_gradient(graph, recipe, sampler, criterion):
    draws, data = 150, inputs(np.arange(BATCH) + 9)
    with compile_grad(graph, recipe, 0.3, sampler=sampler, criterion=criterion) as sampled:
        values = [sampled.run("grad", data, seed=seed) for seed in range(draws)]
    with compile_grad(graph, recipe) as exact:  # stochastic rounding, too, is without bias: its mean is exact
        rounded = [exact.run("grad", data, seed=seed) for seed in range(1 if recipe == "float" else 40)]
    names = [name for name in values[0] if is_sampled(name, recipe)]
    assert len(names) == (12 if recipe == "float" else 10)
    for name in names:
        truth = np.mean([r[name].astype(np.float64) for r in rounded], axis=0)
        all_draws = np.stack([v[name].astype(np.float64) for v in values])
        projections = (all_draws * truth).sum((1, 2)) / (truth ** 2).sum()
        error = projections.std() / np.sqrt(draws)
        assert abs(projections.mean() - 1) < 4 * error + 1e-3, (name, projections.mean(), error)
        assert error < 0.15, name


def test_every_route_gives_the_same_estimate(graph):
    data = inputs(np.arange(BATCH) + 9)
    results = []
    for engine, isa, threads in [("reference", "auto", 1), ("cpu", "generic", 1), ("cpu", "auto", 3)]:
        with compile_grad(graph, "row8", 0.2, engine, cpu_isa=isa) as program:
            results.append(program.run("grad", data, seed=9, step=4))
    for other in results[1:]:
        assert all(np.array_equal(other[name], value) for name, value in results[0].items())


@pytest.mark.parametrize("cache", ["token", "sample"])
def test_cached_norms_leave_the_estimate_unbiased_and_go_out(graph, cache):
    """Whatever the cache holds: here norms that have nothing to do with the gradients, and some of them nothing."""
    data, draws = inputs(), 100
    with compile_grad(graph, "float", 0.5, cache=cache) as sampled, compile_grad(graph, "float") as exact:
        spec = next(s for s in sampled.inputs("grad") if s["name"] == "norm_cache")
        data["norm_cache"] = np.random.default_rng(1).lognormal(0, 0.7, spec["shape"]).astype(np.float32)
        data["norm_cache"][..., 0] = 0
        truth, values = exact.run("grad", data), [sampled.run("grad", data, seed=seed) for seed in range(draws)]
    name = next(n for n in truth if n.endswith("layer.0.output.dense.weight"))
    projections = np.array([(v[name] * truth[name]).sum() / (truth[name] ** 2).sum() for v in values])
    if cache == "token":  # a norm of 0 drops the first token of each example: the control
        assert abs(projections.mean() - 1) > 0.2
    norms = values[0]["norm_cache"]
    assert norms.shape == tuple(spec["shape"]) and (norms >= 0).all() and norms.any()
    data["norm_cache"] = np.maximum(data["norm_cache"], np.float32(0.2))
    with compile_grad(graph, "float", 0.5, cache=cache) as sampled:
        values = [sampled.run("grad", data, seed=seed) for seed in range(draws)]
    projections = np.array([(v[name] * truth[name]).sum() / (truth[name] ** 2).sum() for v in values])
    assert abs(projections.mean() - 1) < 4 * projections.std() / np.sqrt(draws) + 1e-3


def test_norm_cache_codes():
    codes = np.arange(1, 256, dtype=np.uint8)
    assert np.array_equal(norm_cache.encode(norm_cache.decode(codes)), codes)
    assert norm_cache.decode(codes)[0] == 2.0 ** -28 and list(norm_cache.encode([0, 1e9, 1])) == [1, 255, 225]
    cache = norm_cache.NormCache({"shape": [2, 3, 4]}, 10)
    assert (cache.load([0, 1, 2]) == 1).all()
    cache.store([4, 5, 6], np.full((2, 3, 4), 0.25, np.float32))
    assert (cache.load([0, 1, 5]) == 0.25).all()


def test_sites_are_chosen_by_name_and_the_others_reported(graph):
    with compile_grad(graph, "row8", 0.3, sites=["output.dense"]) as program:
        report = {layer["site"]: layer for layer in program.info["sampling"]}
    assert report["encoder.layer.0.attention.self.query.weight"]["reason"] == "not among the chosen sites"
    assert report["encoder.layer.1.output.dense.weight"] == {
        "site": "encoder.layer.1.output.dense.weight", "kept": 8, "of": 128}
    assert report["encoder.layer.0.output.dense.weight"]["kept"] == 38
    assert report["pooler.dense.weight"]["reason"]


def test_a_resumed_run_ends_in_the_same_state(job, run, tmp_path):  # noqa: F811
    """The selection depends on seed, step and the cached norms alone, which are saved."""
    job[job.index("--steps") + 1] = "10"  # the second visit of some examples
    job += ["--recipe", "row8", "--wta-crs", "0.3", "--sampler", "pps", "--save-steps", "9", "--norm-cache", "token",
            "--json", "--engine", "reference"]
    whole = record(run(*job, "--out", tmp_path / "a"))
    shutil.rmtree(tmp_path / "a" / "checkpoints" / "step-00000010")
    resumed = record(run(*job, "--out", tmp_path / "a", "--resume"))
    assert resumed["state_sha256"] == whole["state_sha256"]
    exact = record(run(*[a for a in job if a not in ("--wta-crs", "0.3")], "--out", tmp_path / "b"))
    assert exact["state_sha256"] != whole["state_sha256"]
    compiled = record(run(*job, "--engine", "cpu", "--out", tmp_path / "d"))
    assert compiled["state_sha256"] == whole["state_sha256"]
    code, _, err = run(*job, "--out", tmp_path / "c", "--wta-crs", "1.5")
    assert code == 2 and "expected --wta-crs above 0, at most 1, but got 1.5" in err


def test_report(graph, run):  # noqa: F811
    code, out, err = run("compile", graph, "--recipe", "row8", "--report", "--wta-crs", "0.3", "--norm-cache", "sample")
    assert code == 0, err
    assert "encoder.layer.0.output.dense.weight: 38 of 128 rows" in out and "classifier.weight: its rows are not" in out
    assert re.search(r"step, beside the state +\d+\.\d MiB", out) and re.search(r"norm cache, an example +4 bytes", out)
    assert run("compile", graph, "--recipe", "row8")[0] == 2


def test_the_page_shows_what_the_pass_does(source, build, tmp_path):
    before, after = re.findall(r"```mlir\n(.*?)```", (source / "docs" / "Sampling.md").read_text(), re.S)
    path = tmp_path / "before.mlir"
    path.write_text(before)
    printed = subprocess.run([build / "bin" / "intq-opt", "--intq-wta-crs=ratio=0.3", path], check=True, text=True,
                             capture_output=True).stdout
    lines = iter(line.strip() for line in printed.splitlines())
    assert all(line in lines for line in after.splitlines()), printed  # in this order
