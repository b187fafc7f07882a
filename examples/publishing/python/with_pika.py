"""Publishes a complaint with pika, and listens for its refusal: with_pika.py COMPLAINT_ID [--broken]"""

import sys
import time

import pika

import complaint


def connect():
    parameters = pika.URLParameters(complaint.URL)
    # Every wait has a limit.
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = 10
    return pika.BlockingConnection(parameters)


def listen(channel):
    """Before anything is published: an answer that nobody has asked for yet is told to nobody."""
    channel.queue_declare(complaint.answers_queue(), durable=True, arguments={"x-queue-type": "quorum"})
    for key in complaint.answer_keys():
        channel.queue_bind(complaint.answers_queue(), complaint.EVENTS, key)


def publish(channel, key, content, properties):
    """Returns once the broker has the event. Raises where it has not: then send the same again."""
    channel.basic_publish(complaint.INBOX, key, content, properties, mandatory=True)


def hear(channel, event):
    """The answer to our event; None: none came in time."""
    end = time.monotonic() + complaint.PATIENCE
    for method, _, content in channel.consume(complaint.answers_queue(), inactivity_timeout=0.2):
        if method is not None:
            told = complaint.answer(content, event)
            channel.basic_ack(method.delivery_tag)
            if told:
                return told
        if time.monotonic() > end:
            return None


def main():
    given = complaint.arguments()
    event = complaint.complaint(given.complaint_id, given.broken)
    with connect() as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        listen(channel)
        properties = pika.BasicProperties(
            content_type=complaint.STRUCTURED, delivery_mode=pika.DeliveryMode.Persistent.value,
            message_id=event["id"], type=event["type"])
        for attempt in range(3):
            try:
                publish(channel, complaint.routing_key(event), complaint.body(event), properties)
                break
            except pika.exceptions.NackError:
                # A full queue, or a broker in trouble: the same bytes again, later.
                time.sleep(2**attempt)
            except pika.exceptions.UnroutableError:
                sys.exit("no queue takes it: the topology of Recourse is not applied at this broker")
        else:
            sys.exit("the broker did not take it; keep it and send the same again")
        print(f"confirmed {event['id']}, case {complaint.case_id(given.complaint_id)}")
        told = hear(channel, event)
    print(told or "not refused")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
