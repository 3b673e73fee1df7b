"""What `make doctor` looks at. A check returns its findings; what it is given is read from the machine."""
