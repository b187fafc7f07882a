import Testing

@testable import StorePostgres

@Suite("The URL of a PostgreSQL database")
struct PostgresConfigurationTests {
    private func faults(_ url: String) -> [String] {
        do {
            _ = try PostgresConfiguration(url: url)
            return []
        } catch {
            return error.faults
        }
    }

    @Test func `names server, database and namespace, and is shown without its password`() throws {
        let settings = try PostgresConfiguration(
            url: "postgresql://recourse:p%40ss@db.example:6432/work?namespace=south&connect_timeout=3")
        #expect(settings.namespace == "south" && settings.connectMilliseconds == 3_000)
        #expect(settings.parameters["password"] == "p@ss" && settings.parameters["user"] == "recourse")
        #expect("\(settings)" == "database work at db.example:6432")
        #expect(try PostgresConfiguration(url: "postgres:///work").namespace == "recourse")
    }

    @Test(arguments: [
        ("postgres://db.example/work", "verify-full"), ("postgres://10.0.0.7,localhost/work", "verify-full"),
        ("postgres://db.example/work?sslmode=require", "require"), ("postgres://localhost/work", "prefer"),
        ("postgres://127.0.0.1/work", "prefer"), ("postgres://[::1]/work", "prefer"), ("postgres:///work", "prefer"),
        ("postgres:///work?host=/var/run/postgresql", "prefer"), ("postgres://127.example/work", "verify-full"),
        ("postgres://localhost/work?hostaddr=10.0.0.7", "verify-full"),
    ])
    func `a server elsewhere must prove its name, unless the URL says otherwise`(url: String, mode: String) throws {
        #expect(try PostgresConfiguration(url: url).parameters["sslmode"] == mode)
    }

    @Test(
        arguments: [
            ("postgres://db.example/work", nil), ("postgres://localhost/work?sslmode=disable", nil),
            ("postgres://db.example/work?sslmode=verify-full", nil),
            ("postgres://db.example/work?sslmode=disable", "disable"),
            ("postgres://db.example/work?sslmode=require", "require"),
            ("postgres://localhost/work?hostaddr=10.0.0.7&sslmode=prefer", "prefer"),
        ] as [(String, String?)])
    func `a server elsewhere that need not prove its name is a weakness`(url: String, word: String?) throws {
        let weakness = try PostgresConfiguration(url: url).weakness
        #expect((weakness == nil) == (word == nil))
        if let word { #expect(weakness?.contains(word) == true) }
    }

    @Test(arguments: [
        ("mysql://a:secret@b/c", "postgres://"), ("postgres://a:sec%ret@b/c", "percent-encoded"),
        ("postgres://a:secret@b:x/", "no database"), ("postgres://a:secret@b/c?options=-cjit%3Doff", "options"),
        ("postgres://a:secret@b/c?sslmode=perhaps", "sslmode"),
        ("postgres://a:secret@b/c?connect_timeout=0", "1 to 300"),
        ("postgres://a:secret@b/c?namespace=Süd", "namespace"), ("postgres://a:secret@b/c?namespace=", "namespace"),
        ("postgres://a:secret@b/c?namespace=pg_x", "namespace"), ("postgres://a:secret@b/c?nothing=1", "libpq"),
    ])
    func `what is wrong is told without the secret`(url: String, word: String) {
        let faults = faults(url)
        #expect(faults.contains { $0.contains(word) }, "\(faults)")
        #expect(!faults.joined().contains("secret") && !faults.joined().contains("sec%ret"))
    }
}
