"""The trainer: a data set in, two model versions with a model card each out."""
