import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Publishes a complaint with RabbitMQ's Java client, and listens for its refusal: Publish COMPLAINT_ID [--broken] */
public final class Publish {
    /** Your system, the same for all it says. (source, id) is the name of an event. */
    static final String SOURCE = System.getenv().getOrDefault("EVENT_SOURCE", "urn:example:shop");
    static final String INBOX = "recourse.inbox";
    static final String EVENTS = "recourse.events";
    static final String TYPE = "complaint.received.v1";
    /** The event's name, without the version. */
    static final String ROUTING_KEY = "complaint.received";
    static final String ANSWERS = SOURCE.replace(':', '.') + ".answers";
    static final UUID RECOURSE = UUID.fromString("bc0611e1-cd7d-5458-8528-241fb9df154d");
    static final ObjectMapper JSON = new ObjectMapper();
    static final long CONFIRM_MILLISECONDS = 10_000;
    /** A refusal comes within some milliseconds of the confirm, unless the stage is down. */
    static final long PATIENCE_MILLISECONDS = 10_000;

    public static void main(String[] arguments) throws Exception {
        String complaintId = arguments[0];
        String eventId = "complaint-" + complaintId;
        byte[] body = complaint(eventId, complaintId, List.of(arguments).contains("--broken"));
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        factory.setConnectionTimeout(10_000);
        String told;
        try (Connection connection = factory.newConnection("shop"); Channel channel = connection.createChannel()) {
            BlockingQueue<String> answers = listen(channel, eventId);
            publish(channel, eventId, body);
            System.out.println("confirmed " + eventId + ", case " + uuid5("case\n" + SOURCE + "\n" + complaintId));
            told = answers.poll(PATIENCE_MILLISECONDS, TimeUnit.MILLISECONDS);
        }
        System.out.println(told == null ? "not refused" : told);
        System.exit(told == null ? 0 : 1);
    }

    /**
     * The event of a complaint. Its id follows from the fact that it tells, and its times are those of the fact: so what is
     * sent twice, after a crash or a lost confirm, is byte for byte the same, and counts once.
     */
    static byte[] complaint(String eventId, String complaintId, boolean broken) throws Exception {
        String received = "2026-11-30T09:00:00+08:00";
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("complaintId", complaintId);
        data.put("channel", broken ? "pigeon" : "counter");
        data.put("receivedAt", received);
        data.put("customer", ordered("name", "王芳", "phone", "13800000000"));
        data.put("product", ordered("category", "washing machine", "brand", "Example", "purchasedHere", true));
        data.put("description", "It leaks.");
        data.put("remedy", "repair");
        Map<String, Object> event = ordered(
            "specversion", "1.0", "id", eventId, "source", SOURCE, "type", TYPE, "time", received,
            "datacontenttype", "application/json", "data", data);
        return JSON.writeValueAsBytes(event);
    }

    /** Map.of has another order in every process, and so the same event would have other bytes. */
    static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (int index = 0; index < namesAndValues.length; index += 2) {
            members.put((String) namesAndValues[index], namesAndValues[index + 1]);
        }
        return members;
    }

    /** Returns once the broker has the event. Throws where it has not: then keep it, and send the same again. */
    static void publish(Channel channel, String eventId, byte[] body) throws Exception {
        AtomicBoolean returned = new AtomicBoolean();
        channel.addReturnListener(unroutable -> returned.set(true));
        channel.confirmSelect();
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
            .contentType("application/cloudevents+json").deliveryMode(2).messageId(eventId).type(TYPE).build();
        boolean mandatory = true;
        channel.basicPublish(INBOX, ROUTING_KEY, mandatory, properties, body);
        // One at a time is slow: a publisher of many keeps some hundred unconfirmed (addConfirmListener).
        channel.waitForConfirmsOrDie(CONFIRM_MILLISECONDS);
        if (returned.get()) {
            throw new IllegalStateException("no queue takes it: the topology of Recourse is not applied at this broker");
        }
    }

    /** A durable queue of our own, so that no answer is lost while we are down; bound before anything is published. */
    static BlockingQueue<String> listen(Channel channel, String eventId) throws Exception {
        channel.queueDeclare(ANSWERS, true, false, false, Map.of("x-queue-type", "quorum"));
        channel.queueBind(ANSWERS, EVENTS, "event.rejected." + uuid5(SOURCE).substring(0, 8));
        channel.queueBind(ANSWERS, EVENTS, "business.rejected");
        BlockingQueue<String> answers = new LinkedBlockingQueue<>(100);
        channel.basicQos(20);
        channel.basicConsume(ANSWERS, false, (tag, delivery) -> {
            String told = answer(JSON.readTree(delivery.getBody()), eventId);
            if (told == null || answers.offer(told)) {
                channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
            }
        }, tag -> { });
        return answers;
    }

    /** What an answer says of our event; null: it is about another. Rules answer all sources under one key. */
    static String answer(JsonNode told, String eventId) {
        JsonNode data = told.get("data");
        if (told.get("type").asText().equals("event.rejected.v1") && isOurs(data.path("source"), data.path("eventId"), eventId)) {
            List<String> faults = new ArrayList<>();
            for (JsonNode one : data.get("errors")) {
                faults.add(one.get("pointer").asText() + " " + one.get("rule").asText() + ": " + one.get("message").asText());
            }
            return "refused: " + String.join("; ", faults);
        }
        JsonNode event = data.path("event");
        if (told.get("type").asText().equals("business.rejected.v1") && isOurs(event.path("source"), event.path("id"), eventId)) {
            return "rejected: " + data.get("reason").asText() + " " + data.get("figures");
        }
        return null;
    }

    static boolean isOurs(JsonNode source, JsonNode id, String eventId) {
        return source.asText().equals(SOURCE) && id.asText().equals(eventId);
    }

    /** UUID version 5 (RFC 9562) in Recourse's namespace. */
    static String uuid5(String text) throws Exception {
        MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
        sha1.update(ByteBuffer.allocate(16).putLong(RECOURSE.getMostSignificantBits())
            .putLong(RECOURSE.getLeastSignificantBits()).array());
        ByteBuffer digest = ByteBuffer.wrap(sha1.digest(text.getBytes(StandardCharsets.UTF_8)));
        long high = digest.getLong() & ~0xF000L | 0x5000L;
        long low = digest.getLong() & ~(0xC0L << 56) | 0x80L << 56;
        return new UUID(high, low).toString();
    }
}
