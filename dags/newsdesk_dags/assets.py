"""What one DAG tells another."""

from airflow.sdk import Asset

DATASET = Asset(name="newsdesk_dataset", uri="newsdesk://dataset")
RETRAINING_REQUEST = Asset(name="newsdesk_retraining_request", uri="newsdesk://retraining-request")
