"""A pack for calls of language models: tokens, the model asked for, and what errors say of a provider."""
