import Operations
import Store
import Testing

@Suite struct `Whether a program may write to a store beside a broker` {
    private let known = InstallationReading.record(InstallationRecord(id: "a", stores: ["intake"]))

    private func decide(
        _ reading: InstallationReading, isEmpty: Bool = false, _ broker: BrokerSign
    ) -> InstallationDecision {
        InstallationDecision(reading, isEmpty: isEmpty, broker: broker, place: "/data")
    }

    private func cause(_ decision: InstallationDecision) -> String? {
        if case .refuse(let cause) = decision { cause } else { nil }
    }

    @Test func `It may where both say the same, and lets a broker know that names none`() {
        #expect(decide(known, .same) == .proceed(warning: nil))
        #expect(decide(known, .none) == .tellBroker(id: "a"))
    }

    @Test func `It may not where they say different things, and names both`() throws {
        let text = try #require(cause(decide(known, .others(["b"]))))
        #expect(text.contains("/data") && text.contains("installation a") && text.contains("installation b"))
        #expect(cause(decide(known, .others([])))?.contains("another installation") == true)
    }

    @Test func `It makes an installation only where neither knows of one`() throws {
        #expect(decide(.none, isEmpty: true, .none) == .make)
        #expect(decide(.none, .none) == .name)
        for isEmpty in [true, false] {
            let text = try #require(cause(decide(.none, isEmpty: isEmpty, .others(["b"]))))
            #expect(text.contains("/data") && text.contains("recourse store init --installation b"))
        }
    }

    @Test func `What it may not see is said, and stops only who would make a store`() {
        let hidden = BrokerSign.hidden(cause: "403")
        #expect(decide(known, hidden) != .proceed(warning: nil) && cause(decide(known, hidden)) == nil)
        #expect(decide(.none, hidden) == .name)
        #expect(cause(decide(.none, isEmpty: true, hidden))?.contains("403") == true)
        #expect(cause(decide(.hidden, .none)) == nil)
    }
}
