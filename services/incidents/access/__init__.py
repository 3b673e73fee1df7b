"""Who may come in: identities from a login, a proxy or a token, and what each role may do."""
