"""How often the verdict is right: real faults on a live stack, recorded, scored and replayed."""
