// Any bytes as a feed of holidays, iCalendar or CSV, and as calendar.csv; what is taken is written and taken again.
import Policy
import Schema

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let year = 2026
    if let feed = try? HolidayFeed.read(bytes, year: year, name: "feed"),
        let empty = try? CalendarFile("date,kind\n", name: "calendar.csv")
    {
        let text = empty.setting(year, to: feed.exceptions)
        let again = try? CalendarFile(text, name: "calendar.csv")
        precondition(again?.exceptions(of: year) == feed.exceptions, "what was imported is not what is kept")
    }
    _ = try? CalendarFile(String(decoding: bytes, as: UTF8.self), name: "calendar.csv")
    return 0
}
