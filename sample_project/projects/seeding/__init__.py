"""The rows of the sample tracker: made the same way every time, written in one transaction."""
