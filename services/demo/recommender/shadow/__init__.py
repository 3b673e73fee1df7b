"""A second version that answers some requests too, after the users have their answers: what would differ?"""
