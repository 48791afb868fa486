"""What every component of a family must do, as checks that run on any of them.

A check takes what builds a component, builds it anew, and raises `broken.Broken` where the
component does otherwise. ncabench's tests run them on its own components, and
``ncabench list --check`` on those from outside. Each module has its checks in ``CHECKS``.
"""
