"""Runs the conformance programs of all languages, and compares what they say."""
