"""Publishes complaints with aio-pika, many unconfirmed at a time: with_aio_pika.py COMPLAINT_ID [--broken]"""

import asyncio
import sys

import aio_pika

import complaint

# How many events may be on their way at once; what is confirmed makes room.
WINDOW = 100


async def listen(channel):
    queue = await channel.declare_queue(complaint.answers_queue(), durable=True, arguments={"x-queue-type": "quorum"})
    for key in complaint.answer_keys():
        await queue.bind(complaint.EVENTS, key)
    return queue


async def publish(exchange, event, room):
    """Returns once the broker has the event; raises DeliveryError where no queue takes it or the broker refuses it."""
    message = aio_pika.Message(
        complaint.body(event), content_type=complaint.STRUCTURED, delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=event["id"], type=event["type"])
    async with room:
        await exchange.publish(message, complaint.routing_key(event), mandatory=True, timeout=10)
    print(f"confirmed {event['id']}")


async def hear(queue, event):
    async with queue.iterator() as messages:
        async for message in messages:
            async with message.process():
                if told := complaint.answer(message.body, event):
                    return told


async def main():
    given = complaint.arguments()
    event = complaint.complaint(given.complaint_id, given.broken)
    # A robust connection comes back by itself; what was not confirmed by then is sent again by whoever kept it.
    async with await aio_pika.connect_robust(complaint.URL, timeout=10) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        queue = await listen(channel)
        inbox = await channel.get_exchange(complaint.INBOX, ensure=False)
        room = asyncio.Semaphore(WINDOW)
        async with asyncio.TaskGroup() as sending:
            # A second time as after a lost confirm: the same id and the same bytes count once.
            for _ in range(2):
                sending.create_task(publish(inbox, event, room))
        try:
            told = await asyncio.wait_for(hear(queue, event), complaint.PATIENCE)
        except TimeoutError:
            told = None
    print(told or "not refused")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
