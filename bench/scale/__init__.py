"""What telemetry takes at several rates and numbers of services, beside the model of `stack.size`."""
