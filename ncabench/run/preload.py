"""What the forkserver imports once, so that an entry's process starts in milliseconds.

Importing is all that happens here: no tensor is made and no device is touched.
"""

import lpips  # noqa: F401
import torch  # noqa: F401
import torchvision  # noqa: F401

import ncabench.run.worker  # noqa: F401
