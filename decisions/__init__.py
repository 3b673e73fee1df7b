"""Decisions about models, made from what users did."""
