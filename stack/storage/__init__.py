"""What the stack stores, for commands: the bucket, the incidents, and moving them elsewhere."""
