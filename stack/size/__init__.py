"""How large a stack has to be, and what it costs: a model whose coefficients are measured."""
