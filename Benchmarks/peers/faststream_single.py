"""A peer of `recourse-intake`, by FastStream and SQLite, as its documentation shows it: a subscriber that is also a
publisher, one transaction a message. FastStream acknowledges when the handler has returned and its event is confirmed.

    faststream_single.py STORE       the broker is that of RECOURSE_AMQP_URL; ends on SIGTERM
"""

import asyncio
import os
import sys

from faststream import FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange, RabbitQueue

import contract

channel = Channel(prefetch_count=512, publisher_confirms=True)
broker = RabbitBroker(os.environ["RECOURSE_AMQP_URL"], default_channel=channel)
app = FastStream(broker)
store = contract.Store(sys.argv[1])
one_at_a_time = asyncio.Lock()


async def body(message) -> bytes:
    """The contract reads the bytes itself."""
    return message.body


@broker.subscriber(RabbitQueue("recourse.intake", declare=False), decoder=body)
@broker.publisher(exchange=RabbitExchange("recourse.events", declare=False), routing_key="case.opened", persist=True,
                  content_type="application/cloudevents+json")
async def open_case(message: bytes) -> bytes:
    received = contract.read(message)
    async with one_at_a_time:
        # The commit waits for the disk: not in the loop's own thread.
        return (await asyncio.to_thread(store.take, [(received, message)]))[0]


if __name__ == "__main__":
    asyncio.run(app.run())
