"""LaTeX for a paper: bodies of tables, their notes, and every number as a macro."""
