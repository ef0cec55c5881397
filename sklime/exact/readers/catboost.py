"""Reader of catboost models: trees from the JSON in which the library saves them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sklime.exact.readers.categories import check_categories
from sklime.exact.trees.forest import Forest
from sklime.exact.trees.nodes import Nodes
from sklime.exact.trees.sum_of_trees import check_number_of_nodes
from sklime.exceptions import NoClosedForm

# Losses whose predictions, if a regressor's, are not the margins.
_CURVED = ("Poisson", "RMSEWithUncertainty", "Tweedie")


def read(model, margin):
    """Read the trees that a catboost model predicts with.

    In single precision, a value goes right where it is above the border; a category where
    it is the split's own. Biases are constants, and left out.

    Parameters
    ----------
    margin : bool
        Whether raw values are explained, else predictions.

    Raises
    ------
    NoClosedForm
        If what is explained is not a sum over leaves of readable columns.
    """
    check_number_of_nodes(2 * int(np.sum(model.get_tree_leaf_counts())))
    if model.get_text_feature_indices() or model.get_embedding_feature_indices():
        raise NoClosedForm("catboost computes features of texts and embeddings")
    saved = _saved(model)
    # Only regressors apply a link; the others predict raw values.
    loss = saved["model_info"].get("params", {}).get("loss_function", {}).get("type")
    if not margin and type(model).__name__ == "CatBoostRegressor" and loss in _CURVED:
        raise NoClosedForm(
            f"predictions with catboost's loss {loss!r} are no sum over leaves"
        )
    info = saved["features_info"]
    if info.get("ctrs"):
        raise NoClosedForm(
            "catboost encodes categories by statistics of the target here: fit the model "
            "with a one_hot_max_size as large as its columns of categories need"
        )
    columns = _Columns(info)
    scale = saved["scale_and_bias"][0]
    by_level = saved.get("oblivious_trees")
    flat = [_of_nodes(tree) for tree in saved["trees"]] if by_level is None else []
    flat += [_of_levels(tree) for tree in by_level or []]
    n_sets = sum(columns.count_nominal(splits) for splits, *_ in flat)
    check_categories(n_sets, columns.width)
    nodes = [
        _nodes(splits, which, left, scale * values, columns)
        for splits, which, left, values in flat
    ]
    step = _CategoryHashes(model, columns) if columns.nominal else None
    return Forest(nodes, np.float32, step=step)


def _saved(model, pool=None):
    """Dictionary of what the library saves; with the hashes of a pool's categories."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json", pool=pool)
        return json.loads(path.read_text(encoding="utf-8"))


def _of_levels(tree):
    """Nodes of a tree that has one split a level, level by level.

    Returns the splits, which of them each node has, the left children and the values.
    """
    splits = tree.get("splits") or []
    depth = len(splits)
    inner = 2**depth - 1
    # The last split decides the highest bit of a leaf's number: it comes first.
    which = np.repeat(np.arange(depth)[::-1], 2 ** np.arange(depth))
    which = np.append(which, np.full(2**depth, -1))
    leaves = np.reshape(tree["leaf_values"], (2**depth, -1))
    values = np.concatenate([np.zeros((inner, leaves.shape[1])), leaves])
    left = np.append(2 * np.arange(inner) + 1, np.full(2**depth, -1))
    return splits, which, left, values


def _of_nodes(root):
    """Nodes of a tree of any shape, level by level, as `_of_levels`."""
    nodes, left = [root], []
    for node in nodes:  # which grows meanwhile
        left.append(len(nodes) if "split" in node else -1)
        if "split" in node:
            nodes += [node["left"], node["right"]]
    left = np.array(left)
    leaves = [np.atleast_1d(node["value"]) for node in nodes if "split" not in node]
    values = np.zeros((len(nodes), len(leaves[0])))
    values[left < 0] = leaves
    which = np.where(left < 0, -1, np.cumsum(left >= 0) - 1)
    return [node["split"] for node in nodes if "split" in node], which, left, values


def _nodes(splits, which, left, values, columns):
    # The last of each is for leaves.
    feature = np.zeros(len(splits) + 1, dtype=int)
    threshold = np.zeros(len(splits) + 1)
    missing_left = np.ones(len(splits) + 1, dtype=bool)
    categories = np.full(len(splits) + 1, -1)
    codes = []
    for k, split in enumerate(splits):
        if split["split_type"] == "FloatFeature":
            own = columns.floats[split["float_feature_index"]]
            feature[k] = own["flat_feature_index"]
            threshold[k] = split["border"]
            # Elsewhere missing values are below all borders.
            missing_left[k] = own["nan_value_treatment"] != "AsTrue"
        elif split["split_type"] == "OneHotFeature":
            feature[k] = columns.nominal[split["cat_feature_index"]]
            categories[k] = len(codes)
            codes.append(columns.code(split))
        else:
            raise NoClosedForm(
                f"catboost's splits of type {split['split_type']!r} are not known"
            )
    left_sets = np.ones((len(codes), columns.width), dtype=bool)
    left_sets[np.arange(len(codes)), codes] = False
    return Nodes(
        left,
        np.where(left < 0, -1, left + 1),
        feature[which],
        threshold[which],
        missing_left[which],
        categories[which],
        values,
        left_sets,
        np.ones_like(left_sets),
    )


class _Columns:
    """Columns of a catboost model, which it numbers by kind, floats and categories.

    Attributes
    ----------
    floats : dict of int to dict
        Floats, by their number among floats.
    nominal : dict of int to int
        Columns of categories, by their number among these.
    width : int
        Number of categories that splits know, and one for all others.
    """

    def __init__(self, info):
        floats, nominal = (
            info.get(f"{kind}_features", []) for kind in ("float", "categorical")
        )
        self.floats = {own["feature_index"]: own for own in floats}
        self.nominal = {own["feature_index"]: own["flat_feature_index"] for own in nominal}
        self.n_columns = len(floats) + len(nominal)
        # Hashes are signed in one place of the file and unsigned in another.
        self.hashes = {
            own["flat_feature_index"]: [value % 2**32 for value in own.get("values", [])]
            for own in nominal
        }
        self.width = 1 + max(map(len, self.hashes.values()), default=0)

    def code(self, split):
        """Code of a one-hot split's category."""
        known = self.hashes[self.nominal[split["cat_feature_index"]]]
        return known.index(split["value"] % 2**32)

    @staticmethod
    def count_nominal(splits):
        """Number of splits that test for a category."""
        return sum(split["split_type"] == "OneHotFeature" for split in splits)


class _CategoryHashes:
    """Preprocessing step that encodes categories by the hashes that catboost's splits name.

    Parameters
    ----------
    model : catboost.CatBoost
        The model, which hashes texts as it does for its own splits.
    columns : _Columns
        Its columns.
    """

    def __init__(self, model, columns):
        self.model, self.columns = model, columns
        self.known = {}

    def transform(self, table):
        """Encode a table as a float matrix.

        Parameters
        ----------
        table : {ndarray, DataFrame} of shape (n_rows, n_columns)

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            Codes of categories; the last is for those that no split names.
        """
        texts = {at: _texts(_column(table, at)) for at in self.columns.nominal.values()}
        if not all(own in self.known for texts_of in texts.values() for own in texts_of[0]):
            self._learn(table)
        encoded = np.empty((len(table), self.columns.n_columns))
        for at in range(self.columns.n_columns):
            if at in texts:
                distinct, places = texts[at]
                encoded[:, at] = self._codes(at, distinct)[places]
            else:
                encoded[:, at] = _numbers(_column(table, at))
        return encoded

    def _learn(self, table):
        """Have the library hash all categories of a table."""
        from catboost import Pool

        pool = Pool(table, cat_features=sorted(self.columns.nominal.values()))
        for own in _saved(self.model, pool)["features_info"]["cat_features_hash"]:
            self.known[own["value"]] = own["hash"] % 2**32

    def _codes(self, at, distinct):
        """Codes of some texts in a column."""
        hashes = self.columns.hashes[at]
        code = {own: k for k, own in enumerate(hashes)}
        last = self.columns.width - 1
        return np.array([code.get(self.known[own], last) for own in distinct], dtype=float)


def _column(table, at):
    return table.iloc[:, at] if hasattr(table, "iloc") else table[:, at]


def _texts(column):
    """Distinct categories of a column as the texts that are hashed, and their places."""
    from pandas import factorize

    places, distinct = factorize(np.asarray(column, dtype=object))
    if (places < 0).any():
        raise ValueError("categorical columns of catboost hold no missing values")
    # True is 1 to it, and numbers stand for their digits.
    return [own if isinstance(own, str) else str(int(own)) for own in distinct], places


def _numbers(column):
    if hasattr(column, "to_numpy"):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(column, dtype=np.float64)
