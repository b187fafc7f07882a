"""Makes the event with the CloudEvents SDK, and publishes it with pika: with_cloudevents.py COMPLAINT_ID [--broken] [--binary]

Structured mode, the whole event in the body, is what Recourse takes. In binary mode it is refused: see what it answers.
"""

import sys
from datetime import datetime

import pika
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.v1.event import CloudEvent

import complaint
import with_pika


def main():
    given = complaint.arguments()
    plain = complaint.complaint(given.complaint_id, given.broken)
    # `data` as members, not as bytes: the SDK would send those as data_base64, which is no member of the contract.
    data = plain.pop("data")
    event = CloudEvent({**plain, "time": datetime.fromisoformat(plain["time"])}, data)
    message = rabbitmq.to_binary_event(event) if given.binary else rabbitmq.to_structured_event(event)
    with with_pika.connect() as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        with_pika.listen(channel)
        properties = pika.BasicProperties(
            content_type=message.content_type, headers=message.headers,
            delivery_mode=pika.DeliveryMode.Persistent.value)
        with_pika.publish(channel, complaint.routing_key(plain), message.body, properties)
        print(f"confirmed {plain['id']}")
        told = with_pika.hear(channel, plain)
    print(told or "not refused")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
