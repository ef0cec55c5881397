"""Models in ONNX, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": bool,
    "tensor(string)": object,
}


def load_onnx(path: Path) -> Any:
    """Load an ONNX model: a classifier if it gives probabilities, else a regressor."""
    content = path.read_bytes()
    session = _session(content)
    outputs = session.get_outputs()
    model = OnnxModel(content)
    # Converters give a classifier's label first, and its probabilities second.
    if len(outputs) > 1:
        return OnnxClassifier(content, model.probe_classes())
    return OnnxRegressor(content)


class OnnxModel:
    """Base of models in ONNX.

    Parameters
    ----------
    content : bytes
        Of the file.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._session = _session(content)
        inputs = self._session.get_inputs()
        if len(inputs) > 1:
            self.feature_names_in_ = np.array([own.name for own in inputs], dtype=object)
            self.n_features_in_ = len(inputs)
        elif isinstance(inputs[0].shape[-1], int):
            self.n_features_in_ = inputs[0].shape[-1]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_session": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _session=_session(state["_content"]))

    def answers(self, X: Any) -> list[Any]:
        """All outputs of the model."""
        inputs = self._session.get_inputs()
        if len(inputs) == 1:
            fed = {inputs[0].name: _as_tensor(np.asarray(X), inputs[0])}
        else:
            columns = {own.name: own for own in inputs}
            fed = {
                name: _as_tensor(np.asarray(X[name])[:, np.newaxis], own)
                for name, own in columns.items()
            }
        return self._session.run(None, fed)

    def probe_classes(self) -> Any:
        """Class labels, from its answer about one row."""
        fed = {
            own.name: np.zeros((1, *_width(own)), dtype=_DTYPES[own.type])
            if own.type != "tensor(string)"
            else np.full((1, *_width(own)), "", dtype=object)
            for own in self._session.get_inputs()
        }
        probabilities = self._session.run(None, fed)[1]
        if isinstance(probabilities, list):
            return np.array(list(probabilities[0]))
        return np.arange(np.asarray(probabilities).shape[1])


class OnnxClassifier(OnnxModel):
    """A classifier in ONNX.

    Parameters
    ----------
    content : bytes
    classes : ndarray of shape (n_classes,)
    """

    def __init__(self, content: bytes, classes: Any) -> None:
        super().__init__(content)
        self.classes_ = classes

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes."""
        probabilities = self.answers(X)[1]
        if isinstance(probabilities, list):
            return np.array(
                [[row[c] for c in self.classes_.tolist()] for row in probabilities]
            )
        return np.asarray(probabilities)

    def predict(self, X: Any) -> Any:
        """Predict the labels of rows."""
        return self.answers(X)[0]


class OnnxRegressor(OnnxModel):
    """A regressor in ONNX."""

    def predict(self, X: Any) -> Any:
        """Predict the numbers of rows."""
        answer = np.asarray(self.answers(X)[0])
        return answer[:, 0] if answer.ndim == 2 and answer.shape[1] == 1 else answer


def _session(content):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Jobs over blocks share the cores among them.
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )


def _width(own):
    return [size if isinstance(size, int) else 1 for size in own.shape[1:]]


def _as_tensor(values, own):
    dtype = _DTYPES.get(own.type)
    return values.astype(str).astype(object) if dtype is object else values.astype(dtype)
