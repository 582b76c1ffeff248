# Put on PYTHONPATH by `weft suite`: seeds the global generators, so that runs of one script can be compared.
# SPDX-License-Identifier: Apache-2.0
import os

_seed = os.environ.get("WEFT_SEED")
if _seed is not None:
    import random

    random.seed(int(_seed))
    try:
        import numpy

        numpy.random.seed(int(_seed) & 0xFFFFFFFF)
    except ImportError:
        pass
