import Testing

@testable import Runtime

@Suite struct `An id in a log` {
    @Test(arguments: [
        ("tel:13912345678", "tel:139***"), ("+86 139-1234-5678", "+861***"), ("１３９１２３４５６７８", "１３９***"),
        ("a13912345678b", "a139***b"), ("c-1", "c-1"), ("K2026-11-29", "K2026-11-29"), ("", ""),
        ("refers to case 138 1234 5678, which is not known", "refers to case 138***, which is not known"),
        ("5f308da0-8625-5e3c-9dbe-b2436c2fd154", "5f308da0-8625-5e3c-9dbe-b2436c2fd154"),
        (
            "case 12345678-8625-5e3c-9dbe-123456789012 at 2026-11-29T10:00:00+08:00",
            "case 12345678-8625-5e3c-9dbe-123456789012 at 2026-11-29T10:00:00+08:00"
        ),
    ])
    func `shows no number by which somebody could be called`(_ id: String, _ shown: String) {
        #expect(LoggedId.text(id) == shown)
    }
}
