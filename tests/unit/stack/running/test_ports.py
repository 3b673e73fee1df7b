import socket

from stack.running.ports import find_conflicts, find_free_ports


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


def test_free_ports_differ_and_are_not_those_of_outgoing_connections() -> None:
    names = [f"port_{number}" for number in range(50)]
    found = find_free_ports(names)
    assert list(found) == [name.upper() for name in names]
    assert len(set(found.values())) == 50
    with socket.socket() as outgoing:
        outgoing.bind(("127.0.0.1", 0))
        assert max(map(int, found.values())) < outgoing.getsockname()[1]
    assert find_conflicts({name: int(port) for name, port in found.items()}) == []
