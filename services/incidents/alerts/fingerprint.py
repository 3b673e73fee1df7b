"""The fingerprint of an alert, for senders that give none."""

from collections.abc import Mapping

_OFFSET, _PRIME, _SEPARATOR = 14695981039346656037, 1099511628211, b"\xff"


def fingerprint(labels: Mapping[str, str]) -> str:
    """Alertmanager's fingerprint of these labels, as 16 hexadecimal digits.

    64-bit FNV-1a over the labels sorted by name, each name and value followed by the byte 255
    (github.com/prometheus/common, model/signature.go).
    """
    value = _OFFSET
    for name in sorted(labels):
        for byte in _SEPARATOR.join((name.encode(), labels[name].encode(), b"")):
            value = (value ^ byte) * _PRIME % 2**64
    return f"{value:016x}"
