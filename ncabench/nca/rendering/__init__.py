"""From states of cells to states of points between them, and from points to pictures.

One file for each geometry: a plane of square cells, a volume of cubes, a mesh of triangles.
"""
