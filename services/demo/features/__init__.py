"""The feature job: keeps every user's features fresh for every version in use, with little memory."""
