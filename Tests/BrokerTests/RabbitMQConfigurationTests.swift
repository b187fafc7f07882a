import RabbitMQ
import Testing

@Suite struct `AMQP URL` {
    @Test func `every part is read and percent-decoded`() throws {
        let configuration = try RabbitMQConfiguration(
            url: "amqps://us%40er:p%2Fw%3A%25@broker.example:5999/my%2Fhost"
                + "?heartbeat=7&connection_timeout=1500&cacertfile=/ca%20s.pem&certfile=/c.pem&keyfile=/k.pem"
                + "&verify=verify_none",
            connectionName: "recourse-intake")
        #expect(configuration.user == "us@er")
        #expect(configuration.password == "p/w:%")
        #expect(configuration.host == "broker.example")
        #expect(configuration.port == 5999)
        #expect(configuration.virtualHost == "my/host")
        #expect(configuration.heartbeatSeconds == 7)
        #expect(configuration.connectMilliseconds == 1500)
        #expect(configuration.encryption?.authorities == "/ca s.pem")
        #expect(configuration.encryption?.certificate == "/c.pem")
        #expect(configuration.encryption?.key == "/k.pem")
        #expect(configuration.encryption?.verifies == false)
        #expect(configuration.connectionName == "recourse-intake")
    }

    @Test(arguments: [
        ("amqp://", "localhost", 5672, "/"), ("amqp://host", "host", 5672, "/"), ("amqps://host", "host", 5671, "/"),
        ("amqp://host/", "host", 5672, "/"), ("amqp://host/%2F", "host", 5672, "/"),
        ("AMQP://host/v", "host", 5672, "v"),
        ("amqp://[::1]:5673/v", "::1", 5673, "v"), ("amqp://[fe80::1]", "fe80::1", 5672, "/"),
        ("amqp://u:p@ss@host:1", "host", 1, "/"),
    ])
    func `what is left out has its usual value`(_ url: String, _ host: String, _ port: Int, _ vhost: String) throws {
        let configuration = try RabbitMQConfiguration(url: url)
        #expect(configuration.host == host)
        #expect(configuration.port == port)
        #expect(configuration.virtualHost == vhost)
    }

    @Test func `TLS is verified unless said otherwise`() throws {
        #expect(try RabbitMQConfiguration(url: "amqps://host").encryption?.verifies == true)
        #expect(try RabbitMQConfiguration(url: "amqp://host").encryption == nil)
    }

    @Test(
        arguments: [
            ("amqp://u:hunter2@broker.example", "in clear"), ("amqp://127.example", "in clear"),
            ("amqp://10.0.0.7", "in clear"),
            ("amqps://u:hunter2@broker.example?verify=verify_none", "verify_none"), ("amqps://broker.example", nil),
            ("amqp://localhost", nil), ("amqp://127.0.0.1", nil), ("amqp://[::1]", nil),
        ] as [(String, String?)])
    func `a connection that others could listen to is a weakness`(url: String, word: String?) throws {
        let weakness = try RabbitMQConfiguration(url: url).weakness
        #expect((weakness == nil) == (word == nil))
        if let word { #expect(weakness?.contains(word) == true && weakness?.contains("hunter2") == false) }
    }

    @Test func `all faults are listed at once, without the secret`() throws {
        let fault = try #require(
            throws: InvalidAMQPURL.self,
            performing: {
                try RabbitMQConfiguration(
                    url:
                        "http://us%zzer:hidden%00secret@host:99999/a/b"
                        + "?heartbeat=often&verify=maybe&colour=red&certfile=/c"
                )
            })
        #expect(fault.faults.count == 10, "\(fault.faults)")
        for part in [
            "scheme", "user", "password", "port", "virtual host", "heartbeat", "verify", "colour", "amqps", "keyfile",
        ] {
            #expect(fault.description.contains(part), "\(part)")
        }
        #expect(!fault.description.contains("hidden"))
    }

    @Test(arguments: [
        "", "localhost:5672", "amqp:/host", "amqp://host:0", "amqp://host:+5672", "amqp://host:5 6", "amqp://[::1",
        "amqp://[::1]x", "amqp://host#x", "amqp://host/%FF", "amqp://%00host", "amqp://host?heartbeat",
        "amqp://host?heartbeat=-1", "amqp://host?connection_timeout=0", "amqp://:pw@host",
    ])
    func `a malformed URL is refused`(_ url: String) {
        #expect(throws: InvalidAMQPURL.self) { try RabbitMQConfiguration(url: url) }
    }

    @Test func `nothing that prints a configuration shows the password`() throws {
        let configuration = try RabbitMQConfiguration(url: "amqp://user:hunter2@host")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [configuration.description, "\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hunter2"), "\(text)")
            #expect(text.contains("host"))
        }
    }
}
