"""Where the requests of an audit come from, and running them without leaving anything behind."""
