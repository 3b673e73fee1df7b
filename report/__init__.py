"""The operational review: one self-contained page about a period, from Prometheus and the incidents inbox."""
