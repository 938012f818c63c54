"""What `./learn` does: builds, tests, compares and serves this project."""
