"""A page for each detector that triggers it and nothing else, and the same page put right."""
