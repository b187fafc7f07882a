"""A peer of `recourse-intake`, by aio-pika and SQLite, as a careful engineer would write it by hand: up to 256 messages
in one transaction, the next batch is decided while the events of the last are on their way, and messages are
acknowledged in one go when their transaction is on disk and the broker has confirmed their events.

    aio_pika_batches.py STORE        the broker is that of RECOURSE_AMQP_URL; ends on SIGTERM
"""

import asyncio
import os
import signal
import sys

import aio_pika
import msgspec

import contract

BATCH, PREFETCH = 256, 512
PERSISTENT = aio_pika.DeliveryMode.PERSISTENT
JSON = "application/cloudevents+json"


class Worker:
    def __init__(self, store: contract.Store, events: aio_pika.abc.AbstractExchange) -> None:
        self.store, self.events = store, events
        self.waiting: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()

    async def enqueue(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        self.waiting.put_nowait(message)

    async def batch(self) -> list[aio_pika.abc.AbstractIncomingMessage]:
        """All that is there, up to the limit; waits for the first."""
        messages = [await self.waiting.get()]
        while len(messages) < BATCH and not self.waiting.empty():
            messages.append(self.waiting.get_nowait())
        return messages

    async def work(self) -> None:
        publishing: asyncio.Task | None = None
        while True:
            messages = await self.batch()
            taken, last = [], None
            for message in messages:
                try:
                    taken.append((contract.read(message.body), message.body))
                    last = message
                except (msgspec.ValidationError, msgspec.DecodeError):
                    await message.reject(requeue=False)
            # The commit waits for the disk: not in the loop's own thread.
            events = await asyncio.to_thread(self.store.take, taken)
            if publishing:
                await publishing
            publishing = asyncio.create_task(self.publish(events, last)) if last else None

    async def publish(self, events: list[bytes], last: aio_pika.abc.AbstractIncomingMessage) -> None:
        await asyncio.gather(*(
            self.events.publish(aio_pika.Message(event, content_type=JSON, delivery_mode=PERSISTENT), "case.opened")
            for event in events))
        await last.ack(multiple=True)


async def main() -> None:
    store = contract.Store(sys.argv[1])
    connection = await aio_pika.connect_robust(os.environ["RECOURSE_AMQP_URL"])
    async with connection:
        incoming, outgoing = await connection.channel(), await connection.channel(publisher_confirms=True)
        await incoming.set_qos(prefetch_count=PREFETCH)
        queue = await incoming.get_queue("recourse.intake", ensure=False)
        worker = Worker(store, await outgoing.get_exchange("recourse.events", ensure=False))
        await queue.consume(worker.enqueue)
        work = asyncio.create_task(worker.work())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        try:
            await work
        except asyncio.CancelledError:
            # What is not acknowledged comes again.
            pass


if __name__ == "__main__":
    asyncio.run(main())
