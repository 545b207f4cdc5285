"""The doctor: checks each part of a deployment, and says what to do about problems."""
