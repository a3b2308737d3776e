"""The nginx modules, tried in a real nginx by real clients."""
