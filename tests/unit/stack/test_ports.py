import socket

from stack.ports import find_conflicts


def test_port_in_use_is_reported_with_its_owner_and_the_remedy() -> None:
    with socket.socket() as holder, socket.socket() as unused:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        unused.bind(("127.0.0.1", 0))
        taken, free = holder.getsockname()[1], unused.getsockname()[1]
        unused.close()
        (conflict,) = find_conflicts({"jaeger_port": taken, "minio_port": free})
    assert conflict.port == taken
    assert "pid" in conflict.owner
    assert "JAEGER_PORT" in str(conflict)
