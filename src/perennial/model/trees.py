"""Boosted trees read by LightGBM's shared library itself: its Python package would import pandas and scikit-learn."""

import ctypes
import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.shapley import Splitter, split_rows
from perennial.model.splitter import make_splitter
from perennial.refusal import Refusal

_FLOAT64, _ROW_MAJOR = 1, 1
_RAW_SCORE, _CONTRIBUTIONS = 1, 3
_NAMES = ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll")


@functools.cache
def _library() -> Any:
    spec = importlib.util.find_spec("lightgbm")
    folders = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    found = [path for folder in folders for name in _NAMES for path in folder.glob(f"**/{name}")]
    if not found:
        raise Refusal("LightGBM is not installed here: install requirements/serve.txt.")
    try:
        library = ctypes.CDLL(str(sorted(found)[0]))
    except OSError as error:
        raise Refusal(f"LightGBM does not load ({error}): install libgomp1 (Linux) or libomp (macOS).") from None
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _check(code: int) -> None:
    if code != 0:
        message = _library().LGBM_GetLastError().decode(errors="replace")
        raise Refusal(f"LightGBM refuses the trees or the rows ({message}): train the model again.")


class Trees:
    """A booster read from its text; frees its memory when it goes, and is pickled as that text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._handle = ctypes.c_void_p()
        count = ctypes.c_int()
        _check(
            _library().LGBM_BoosterLoadModelFromString(text.encode(), ctypes.byref(count), ctypes.byref(self._handle))
        )
        outputs = ctypes.c_int()
        _check(_library().LGBM_BoosterGetNumClasses(self._handle, ctypes.byref(outputs)))
        self.outputs = outputs.value
        features = ctypes.c_int()
        _check(_library().LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(features)))
        self.features = features.value
        self._prepare_row()

    def __reduce__(self) -> tuple[type["Trees"], tuple[str]]:
        return Trees, (self.text,)

    def _prepare_row(self) -> None:
        # One row at a time costs less than half when LightGBM reads its settings once.
        self._fast = ctypes.c_void_p()
        _check(
            _library().LGBM_BoosterPredictForMatSingleRowFastInit(
                self._handle,
                ctypes.c_int(_RAW_SCORE),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(self.features),
                b"num_threads=1 verbosity=-1",
                ctypes.byref(self._fast),
            )
        )

    def __del__(self) -> None:
        if getattr(self, "_fast", None):
            _library().LGBM_FastConfigFree(self._fast)
        if self._handle:
            _library().LGBM_BoosterFree(self._handle)

    def predict_raw(self, matrix: NDArray[np.float64], num_threads: int = 1) -> NDArray[np.float64]:
        """Return raw scores of shape (rows,), or (rows, classes) when there is more than one output."""
        if matrix.shape == (1, self.features):
            scores = self._predict_row(matrix)
        else:
            scores = self._predict(matrix, _RAW_SCORE, 1, num_threads)
        return scores if self.outputs == 1 else scores.reshape(len(matrix), self.outputs)

    @functools.cached_property
    def _splitter(self) -> Splitter | None:
        return make_splitter(self.text)

    def predict_contributions(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each feature adds to the raw score, shape (rows, outputs, features + 1); the last is the base.

        Exact for the trees (TreeSHAP, Lundberg et al. 2020): the sum of a row is its raw score. The first call takes
        longer, for what the others look up.
        """
        rows, features = matrix.shape
        if features == self.features and self._splitter is not None:
            return split_rows(self._splitter, matrix)
        return self._predict(matrix, _CONTRIBUTIONS, features + 1, 1).reshape(rows, self.outputs, features + 1)

    def _predict_row(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        row, scores = np.ascontiguousarray(matrix, dtype=np.float64), np.empty(self.outputs, dtype=np.float64)
        length = ctypes.c_int64()
        _check(
            _library().LGBM_BoosterPredictForMatSingleRowFast(
                self._fast,
                ctypes.c_void_p(row.ctypes.data),
                ctypes.byref(length),
                ctypes.c_void_p(scores.ctypes.data),
            )
        )
        return scores

    def _predict(self, matrix: NDArray[np.float64], kind: int, width: int, num_threads: int) -> NDArray[np.float64]:
        matrix = np.ascontiguousarray(matrix, dtype=np.float64)
        rows, features = matrix.shape
        found = np.empty(rows * self.outputs * width, dtype=np.float64)
        length = ctypes.c_int64()
        if rows:
            _check(
                _library().LGBM_BoosterPredictForMat(
                    self._handle,
                    ctypes.c_void_p(matrix.ctypes.data),
                    ctypes.c_int(_FLOAT64),
                    ctypes.c_int32(rows),
                    ctypes.c_int32(features),
                    ctypes.c_int(_ROW_MAJOR),
                    ctypes.c_int(kind),
                    ctypes.c_int(0),
                    ctypes.c_int(-1),
                    f"num_threads={num_threads} verbosity=-1".encode(),
                    ctypes.byref(length),
                    ctypes.c_void_p(found.ctypes.data),
                )
            )
        return found
