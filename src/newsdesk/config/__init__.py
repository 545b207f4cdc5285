"""Configuration: settings from the environment, and YAML files read into frozen models."""
