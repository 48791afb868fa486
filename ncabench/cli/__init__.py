"""The command line: names, options and exit codes; the work is done elsewhere."""
