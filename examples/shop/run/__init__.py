"""How the shop is started and stopped, as processes or in containers."""
