"""The steps of the loop, composed. Doors call these; they call everything below."""
