"""What Newsdesk is told: settings from the environment, and YAML files read into frozen models."""
