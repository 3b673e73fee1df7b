"""The running parts of Whence: each service is a package started with `python -m services.<name>`."""
