"""Object storage: the client, the layout and format of what is kept there, and its one-time set-up."""
