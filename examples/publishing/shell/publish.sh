#!/usr/bin/env bash
# Publishes a complaint with `recourse publish`, which checks it first and waits for the confirm, or with amqp-publish of
# Debian's amqp-tools, which does neither and is for a first try alone: publish.sh COMPLAINT_ID [--broken] [--amqp-tools]
set -euo pipefail

id=$1
channel=counter
tool=recourse
for option in "${@:2}"; do
    case $option in
        --broken) channel=pigeon ;;
        --amqp-tools) tool=amqp-tools ;;
        *) echo "usage: publish.sh COMPLAINT_ID [--broken] [--amqp-tools]" >&2 && exit 64 ;;
    esac
done
# Your system, the same for all it says. (source, id) is the name of an event.
source=${EVENT_SOURCE:-urn:example:shop}

# One event a line. Its id follows from the fact that it tells, and its times are those of the fact: so what is sent twice is
# byte for byte the same, and counts once. A text with quotes, backslashes or line feeds goes through a JSON tool such as jq.
received=2026-11-30T09:00:00+08:00
customer='{"name":"王芳","phone":"13800000000"}'
product='{"category":"washing machine","brand":"Example","purchasedHere":true}'
data='{"complaintId":"'$id'","channel":"'$channel'","receivedAt":"'$received'","customer":'$customer',"product":'$product
data+=',"description":"It leaks.","remedy":"repair"}'
event='{"specversion":"1.0","id":"complaint-'$id'","source":"'$source'","type":"complaint.received.v1","time":"'$received
event+='","datacontenttype":"application/json","data":'$data'}'

if [[ $tool == recourse ]]; then
    # RECOURSE_AMQP_URL, or a file with it in RECOURSE_AMQP_URL_FILE, keeps the password off the command line. What the
    # contract refuses is named and not sent; --anyway sends it.
    export RECOURSE_AMQP_URL=$AMQP_URL
    recourse publish - <<< "$event"
else
    # No newline at the end is needed, and none does harm. 0 says that it was written to the connection, no more.
    amqp-publish --url="$AMQP_URL" --exchange=recourse.inbox --routing-key=complaint.received \
        --content-type=application/cloudevents+json --persistent --body="$event"
fi
