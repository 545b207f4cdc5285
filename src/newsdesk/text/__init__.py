"""Cleaning: from raw article text to the words a classifier sees. Total: no string makes it raise."""
