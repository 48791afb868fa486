"""One thread for every test: small tensors lose more than they gain by sharing cores."""

import torch

torch.set_num_threads(1)
