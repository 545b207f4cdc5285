"""The thresholds that dashboards show: those of the shipped configuration."""

from pathlib import Path

from newsdesk.config.config_files import load_pipeline_config
from newsdesk.config.pipeline_config import Monitoring

CONFIGS = Path(__file__).parents[3] / "configs"


def shipped_limits() -> Monitoring:
    """What `configs/pipeline_config.yaml` says about monitoring."""
    return load_pipeline_config(CONFIGS).monitoring
