"""The third-party programs of the stack: pinned Go modules, and their build."""
