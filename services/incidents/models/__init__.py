"""What is known of models: served, watched, compared, released, and what they were made of."""
