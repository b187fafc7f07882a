"""A TCP line to a port on loopback whose way back is longer: everything arrives so many milliseconds later, and no less
of it. Unlike the proxy of deploy/campaign, which waits once for each piece, it lets them follow one another at once.

    delay_line.py PORT MILLISECONDS       prints the port that leads to PORT

A question and its answer together take MILLISECONDS longer. Threads: their sleep is exact to a tenth of a millisecond.
"""

import queue
import socket
import sys
import threading
import time

PIECE, PIECES = 1 << 18, 256


def hand_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(PIECE):
            target.sendall(data)
    except OSError:
        pass
    close(source, target)


def hold(source: socket.socket, line: queue.Queue, delay: float) -> None:
    try:
        while data := source.recv(PIECE):
            line.put((time.monotonic() + delay, data))
    except OSError:
        pass
    line.put((0, b""))


def release(line: queue.Queue, source: socket.socket, target: socket.socket) -> None:
    while True:
        due, data = line.get()
        if not data:
            break
        time.sleep(max(0, due - time.monotonic()))
        try:
            target.sendall(data)
        except OSError:
            # Whoever puts something in must not wait for room: the rest is taken and dropped, to its end.
            close(source, target)
    close(source, target)


def close(*ends: socket.socket) -> None:
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def connect(near: socket.socket, port: int, delay: float) -> None:
    try:
        far = socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        near.close()
        return
    far.settimeout(None)
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=hand_on, args=(near, far), daemon=True).start()
    if delay == 0:
        threading.Thread(target=hand_on, args=(far, near), daemon=True).start()
        return
    line: queue.Queue = queue.Queue(PIECES)
    threading.Thread(target=hold, args=(far, line, delay), daemon=True).start()
    threading.Thread(target=release, args=(line, far, near), daemon=True).start()


def main() -> None:
    port, delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connect(listener.accept()[0], port, delay)


if __name__ == "__main__":
    main()
