"""The thresholds that dashboards show: those of the shipped configuration."""

from pathlib import Path

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.config.yaml_file import load_pipeline_config

CONFIGS = Path(__file__).parents[3] / "configs"


def shipped_limits() -> Monitoring:
    """What `configs/pipeline_config.yaml` says about monitoring."""
    return load_pipeline_config(CONFIGS).monitoring
