"""A version serves users only if it passes: a card of it and one of the live version in, a report out."""
