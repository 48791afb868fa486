"""Records become MLflow runs; the only place that imports mlflow."""
