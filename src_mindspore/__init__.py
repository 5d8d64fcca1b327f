"""From a folder of photos to an image classifier on a phone, with MindSpore.

Importing the package does one thing: it caps the instruction set of oneDNN, because that has to
happen before MindSpore loads. On CPUs with AVX-512 oneDNN 3.10.1, which MindSpore 2.9 and 2.10
carry, falls back to its reference code for 3x3 and depthwise convolutions, ten times slower than
what it runs under the cap. A value that the user has set is kept.
"""

import os

ONEDNN_VARIABLE = "ONEDNN_MAX_CPU_ISA"
ONEDNN_CAP_FROM_USER = ONEDNN_VARIABLE in os.environ
os.environ.setdefault(ONEDNN_VARIABLE, "AVX2")
