"""A TCP proxy that cuts, stalls, slows and delays what passes through it; a process of its own.

    proxy.py        reads commands from standard input, one JSON object a line, and answers each with one line

A *link* is a port on loopback that leads to one of several backends: those who connect take turns, and one that does
not answer is passed over. Directions: `up` from the client to the backend, `down` back.

    {"do": "open", "link": NAME, "backends": [PORT…]}            answers {"port": PORT}
    {"do": "cut", "link": NAME, "direction": D, "after": BYTES}  breaks its connections once so many bytes more passed
    {"do": "stall", "link": NAME, "direction": D | "both"}       takes nothing more in, says nothing: a half-open link
    {"do": "slow", "link": NAME, "rate": BYTES_PER_SECOND}
    {"do": "delay", "link": NAME, "milliseconds": N}
    {"do": "heal", "link": NAME}                                 everything passes again; a cut stays a cut
"""

import asyncio
import json
import socket
import struct
import sys

CHUNK = 1 << 16


class Link:
    def __init__(self, backends: list[int]) -> None:
        self.backends = backends
        self.turn = 0
        self.cut: dict[str, int] = {}
        self.rate = 0
        self.delay = 0.0
        self.open = {"up": asyncio.Event(), "down": asyncio.Event()}
        for event in self.open.values():
            event.set()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.backends:
            port = self.backends[self.turn % len(self.backends)]
            self.turn += 1
            try:
                return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port, limit=CHUNK), 5)
            except (OSError, asyncio.TimeoutError):
                continue
        return None

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        backend = await self.connect()
        if backend is None:
            reset(writer)
            return
        tasks = [
            asyncio.create_task(self.pump("up", reader, backend[1])),
            asyncio.create_task(self.pump("down", backend[0], writer)),
        ]
        # The end of either direction ends the connection, as it does for the protocols that pass here.
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        was_cut = any(task.result() for task in done if not task.cancelled() and task.exception() is None)
        for one in (writer, backend[1]):
            if was_cut:
                reset(one)
            else:
                one.close()

    async def pump(self, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """True if the connection is to be broken."""
        try:
            while data := await reader.read(CHUNK):
                await self.open[direction].wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                if direction in self.cut:
                    self.cut[direction] -= len(data)
                    if self.cut[direction] <= 0:
                        writer.write(data[: len(data) + self.cut.pop(direction)])
                        return True
                writer.write(data)
                await writer.drain()
        except OSError:
            return True
        return False


def reset(writer: asyncio.StreamWriter) -> None:
    """Closes with a reset, as a machine does that has forgotten the connection."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


class Proxy:
    def __init__(self) -> None:
        self.links: dict[str, Link] = {}
        self.servers: list[asyncio.Server] = []

    async def perform(self, command: dict) -> dict:
        name = command["link"]
        if command["do"] == "open":
            self.links[name] = Link(command["backends"])
            server = await asyncio.start_server(self.links[name].accept, "127.0.0.1", 0, limit=CHUNK)
            self.servers.append(server)
            return {"port": server.sockets[0].getsockname()[1]}
        link = self.links[name]
        if command["do"] == "cut":
            link.cut[command["direction"]] = command["after"]
        elif command["do"] == "stall":
            directions = ("up", "down") if command["direction"] == "both" else (command["direction"],)
            for direction in directions:
                link.open[direction].clear()
        elif command["do"] == "slow":
            link.rate = command["rate"]
        elif command["do"] == "delay":
            link.delay = command["milliseconds"] / 1000
        elif command["do"] == "heal":
            link.rate, link.delay = 0, 0.0
            for event in link.open.values():
                event.set()
        else:
            raise ValueError(f"unknown command {command['do']}")
        return {}


async def main() -> None:
    proxy = Proxy()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await proxy.perform(json.loads(line))), flush=True)
    for server in proxy.servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
