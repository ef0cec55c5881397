"""Documents and pickles of anchors of every version, and what criteria they tell."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from sklime import AnchorExplainer, Anchors, RuleSet
from sklime.anchors import anchors_schema

STORED = Path(__file__).parents[1] / "data" / "anchors_version_1.json"
SCHEMA = jsonschema.Draft202012Validator(anchors_schema())
X, Y = load_diabetes(return_X_y=True, scaled=False)
X = X[:, [0, 2, 3]]
MODEL = LinearRegression().fit(X, Y)

pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.AnchorWarning")


def explain(criterion="mean", n=3, **parameters):
    """With criterion "mean", what the stored document was written from."""
    explainer = AnchorExplainer(MODEL, criterion=criterion, random_state=0, **parameters)
    return explainer.fit(X).explain(X[:n])


def stored():
    return json.loads(STORED.read_text("utf-8"))


def test_a_document_of_version_1_is_read():
    SCHEMA.validate(stored())
    old, new = Anchors.from_json(STORED), explain()
    assert old.criterion == "mean"
    assert old.tolerances.shape == (3,)
    assert np.isnan(old.tolerances).all()
    assert list(map(str, old.rules)) == list(map(str, new.rules))
    assert np.array_equal(old.apply(X), new.apply(X))
    # Sums of floats in another order, on another machine.
    for name in ("precisions", "predictions", "coverages", "coverage_intervals"):
        assert getattr(old, name) == pytest.approx(getattr(new, name), rel=1e-9)
    with pytest.raises(ValueError, match=r'"mean" needs the .* explain the rows again'):
        RuleSet().fit(old)
    written = json.loads(old.to_json())
    assert written["version"] == 2
    assert written["tolerances"] == [None, None, None]
    SCHEMA.validate(written)
    assert Anchors.from_dict(written) == old


@pytest.mark.parametrize(
    ("meta", "criterion"),
    [({"criterion": "share"}, "share"), ({"criterion": "soft"}, "soft"), ({}, "hard")],
)
def test_the_criterion_of_version_1_is_that_of_its_meta(meta, criterion):
    old = Anchors.from_dict(stored() | {"meta": meta})
    assert old.criterion == criterion
    assert np.isnan(old.tolerances).all()


def test_rule_sets_of_version_1_need_no_tolerances_where_the_criterion_has_none():
    old = Anchors.from_dict(stored() | {"meta": {"criterion": "soft"}})
    assert RuleSet().fit(old).fidelity_ == 1.0


@pytest.mark.parametrize("criterion", ["mean", "share", "soft"])
def test_version_2_comes_back(criterion):
    anchors = explain(criterion, n=20, n_samples=512)
    assert anchors.criterion == criterion
    expected = np.nan if criterion == "soft" else 0.5 * np.std(MODEL.predict(X))
    assert anchors.tolerances == pytest.approx(np.full(20, expected), nan_ok=True)
    document = json.loads(anchors.to_json())
    SCHEMA.validate(document)
    assert document["version"] == 2
    for back in (Anchors.from_dict(document), pickle.loads(pickle.dumps(anchors))):
        assert back == anchors
        assert back.criterion == criterion
        assert back.tolerances.tobytes() == anchors.tolerances.tobytes()


def test_the_schema_tells_versions_apart():
    new = json.loads(explain().to_json())
    assert not SCHEMA.is_valid(stored() | {"version": 2})
    assert not SCHEMA.is_valid(stored() | {"criterion": "mean"})
    assert not SCHEMA.is_valid(new | {"version": 1})
    assert not SCHEMA.is_valid(new | {"criterion": "best"})
    assert anchors_schema()["$id"] == "urn:sklime:anchors:2"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"criterion": "best"}, "criterion='best' must be one of hard, soft, mean, share"),
        ({"tolerances": [1.0]}, "tolerances has 1 rows and rules has 3"),
        ({"tolerances": [["a"]] * 3}, "do not fit together"),
        ({"tolerances": [[1.0, 2.0]] * 3}, "tolerances must be of shape"),
        ({"version": 3}, "version=3 .* reads, 1 to 2: install the sklime that wrote it"),
        ({"version": True}, "version=True"),
        ({"version": [1]}, r"version=\[1\]"),
        ({"version": 2.0}, "version=2.0"),
    ],
)
def test_documents_that_are_wrong_are_refused(change, message):
    new = json.loads(explain().to_json())
    with pytest.raises(ValueError, match=message):
        Anchors.from_dict(new | change)


@pytest.mark.parametrize("name", ["criterion", "tolerances"])
def test_documents_without_a_field_of_their_version_are_refused(name):
    new = json.loads(explain().to_json())
    del new[name]
    with pytest.raises(ValueError, match=name):
        Anchors.from_dict(new)


def test_slices_keep_what_suffices_means():
    anchors = replace(explain(n=5), tolerances=np.arange(5.0))
    for rows, expected in [
        (slice(1, 3), [1.0, 2.0]),
        ([4, 0], [4.0, 0.0]),
        (-1, [4.0]),
        (np.arange(5) > 2, [3.0, 4.0]),
    ]:
        assert anchors[rows].tolerances.tolist() == expected
        assert anchors[rows].criterion == "mean"
    assert anchors.loc[2].tolerances.tolist() == [2.0]
    assert [own.tolerances.tolist() for own in anchors] == [[float(i)] for i in range(5)]
    assert len(anchors[:0].tolerances) == 0
    assert anchors != replace(anchors, criterion="share")
    assert anchors != replace(anchors, tolerances=7.0)


def test_anchors_made_without_the_fields_have_their_defaults():
    own = explain()
    names = [name for name in own.__dict__ if name not in ("criterion", "tolerances")]
    made = Anchors(*(getattr(own, name) for name in names))
    assert made.criterion == "mean"
    assert np.isnan(made.tolerances).all()
    assert Anchors(**{name: getattr(made, name) for name in names[:-1]}).criterion == "hard"
    assert replace(own, tolerances=2).tolerances.tolist() == [2.0, 2.0, 2.0]


def test_pickles_without_the_fields_have_their_defaults():
    own = explain()
    for name in ("criterion", "tolerances"):
        del own.__dict__[name]
    back = pickle.loads(pickle.dumps(own))
    assert back.criterion == "mean"
    assert np.isnan(back.tolerances).all()
    assert len(back[1:].tolerances) == 2
    assert Anchors.from_json(back.to_json()) == back


def test_a_refit_with_another_criterion_leaves_no_tolerances():
    explainer = AnchorExplainer(MODEL, random_state=0).fit(X)
    explainer.set_params(criterion="soft").fit(X)
    assert np.isnan(explainer.explain(X[:3]).tolerances).all()
