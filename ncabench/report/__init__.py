"""MLflow runs become tables and figures."""
