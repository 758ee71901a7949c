"""Metrics against hand-worked values and, where it is installed, scikit-learn and SciPy."""
import numpy as np
import pytest

from intq import metrics
from intq.data.squad import Question
from intq.schedule import Schedule


def test_classification_by_hand():
    m = metrics.classification(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0]), 2)
    assert m["accuracy"] == 0.75 and m["f1"] == pytest.approx(2 / 3)
    assert m["matthews_correlation"] == pytest.approx(1 / np.sqrt(3))


def test_constant_predictions_give_no_correlation():
    assert metrics.classification(np.ones(4, int), np.array([0, 1, 1, 0]), 2)["matthews_correlation"] == 0
    assert metrics.regression(np.ones(4), np.arange(4.0))["pearson"] == 0


@pytest.mark.parametrize("classes", [2, 4])
def test_against_scikit_learn(classes):
    sklearn = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    p, y = random.integers(0, classes, 200), random.integers(0, classes, 200)
    m = metrics.classification(p, y, classes)
    assert m["matthews_correlation"] == pytest.approx(sklearn.matthews_corrcoef(y, p))
    assert m["f1"] == pytest.approx(sklearn.f1_score(y, p, average="binary" if classes == 2 else "macro"))


def test_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    p, y = random.normal(size=50), random.integers(0, 6, 50).astype(float)
    m = metrics.regression(p, y)
    assert m["pearson"] == pytest.approx(stats.pearsonr(p, y)[0])
    assert m["spearmanr"] == pytest.approx(stats.spearmanr(p, y)[0])


def test_squad_scores():
    questions = [Question("1", "", "", ["the Eiffel Tower"]), Question("2", "", "", ["in 1889", "1889"]),
                 Question("3", "", "", ["blue"])]
    m = metrics.squad(["Eiffel tower!", "1889", "a blue sky"], questions)
    assert m["exact_match"] == pytest.approx(200 / 3) and m["f1"] == pytest.approx(100 * (1 + 1 + 2 / 3) / 3)


@pytest.mark.parametrize("total,warmup", [(300, 0.06), (10, 0), (7, 3), (5, 0.5)])
def test_schedule_is_that_of_transformers(total, warmup):
    schedule = Schedule.make("linear", 5e-5, total, warmup)
    rates = [schedule(s) for s in range(total)]
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=5e-5)
    theirs = transformers.get_linear_schedule_with_warmup(optimizer, schedule.warmup, total)
    for rate in rates:
        assert rate == theirs.get_last_lr()[0]
        optimizer.step()
        theirs.step()


def test_schedule_by_hand():
    schedule = Schedule.make("linear", 1.0, 10, 0.2)
    assert [schedule(s) for s in (0, 1, 2, 6, 9)] == [0.0, 0.5, 1.0, 0.5, 0.125]
    constant = Schedule.make("constant", 1.0, 10, 2)
    assert [constant(s) for s in (0, 1, 2, 9)] == [0.0, 0.5, 1.0, 1.0]
