"""Perennial: a table from raw data to a served, judged and retrained model."""

import os
import platform

# Set before numpy loads: another kernel rounds differently, and hashed outputs would differ between machines.
_PINNED = {"OPENBLAS_NUM_THREADS": "1", "BENTOML_DO_NOT_TRACK": "true", "DVC_NO_ANALYTICS": "true"}
if platform.machine() in ("x86_64", "AMD64"):
    _PINNED |= {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
for _name, _value in _PINNED.items():
    os.environ.setdefault(_name, _value)
