import Operations
import Schema
import Testing

@Suite struct `A time in a table` {
    private func read(
        _ text: String, _ forms: [String]? = nil, year: Int? = nil, at timeOfDay: Int64 = 0
    ) -> String {
        let reading = TimeReading(
            forms: forms?.compactMap { TimeReading.Form($0) }, knowsYear: year != nil, timeOfDay: timeOfDay)
        do throws(ValueFault) {
            return try String(reading.instant(text, year: year).description.dropLast("+08:00".count))
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        ("2026-03-05 14:00:00", "2026-03-05T14:00:00"), ("2026/3/5", "2026-03-05T00:00:00"),
        ("2026/3/5 9:07", "2026-03-05T09:07:00"), ("2026.3.5 09:07", "2026-03-05T09:07:00"),
        ("2026年3月5日", "2026-03-05T00:00:00"), ("2026年3月5日14:00", "2026-03-05T14:00:00"),
        ("2026年3月5日 14时05分09秒", "2026-03-05T14:05:09"), ("2026年3月5日 14点", "2026-03-05T14:00:00"),
        ("2026-3-5 下午 2:05", "2026-03-05T14:05:00"), ("2026/3/5 上午12:05", "2026-03-05T00:05:00"),
        ("2026/3/5 12:05 PM", "2026-03-05T12:05:00"), ("2026-03-05T14:00:00.25", "2026-03-05T14:00:00.25"),
        ("2026-03-05T06:00:00Z", "2026-03-05T14:00:00"), ("2026-03-05 14:00:00+09:00", "2026-03-05T13:00:00"),
        ("2026-03-05 14:00:00 -0530", "2026-03-06T03:30:00"),
        ("20260305", "2026-03-05T00:00:00"), ("20260305140509", "2026-03-05T14:05:09"),
        ("２０２６／３／５　１４：００", "2026-03-05T14:00:00"), ("2026-03-05 24:00", "2026-03-06T00:00:00"),
        ("2024-02-29", "2024-02-29T00:00:00"), ("1900-01-01", "1900-01-01T00:00:00"),
        ("2099-12-31 23:59:59", "2099-12-31T23:59:59"),
    ])
    func `is read where it can be taken for nothing else`(text: String, expected: String) {
        #expect(read(text) == expected)
    }

    @Test(arguments: [
        ("2026-02-29", "a day that exists"), ("2026-13-01", "a day that exists"), ("2026-0-1", "a day that exists"),
        ("2026-04-31 10:00", "a day that exists"), ("2026-03-05 24:01", "a time of day that exists"),
        ("2026-03-05 25:00", "a time of day that exists"), ("2026-03-05 23:60", "a time of day that exists"),
        ("2026-03-05 23:59:60", "a time of day that exists"), ("2026-03-05 下午 13:00", "a time of day that exists"),
        ("2026-03-05 0:30 am", "a time of day that exists"), ("1899-12-31", "a year from 1900 to 2099"),
        ("2100-01-01", "a year from 1900 to 2099"),
        ("3月5日 14:00", "a time with its year; `year` or `yearColumn` in the mapping tells it"),
    ])
    func `is refused where there is none`(text: String, expected: String) {
        #expect(read(text) == expected)
    }

    @Test(arguments: [
        "3/5/2026", "5.3.2026", "26-3-5", "2026-3", "14:00", "昨天", "46086", "2026-03-0514:00", "2026-03-05 x",
    ])
    func `is not guessed`(text: String) {
        #expect(read(text) == "a date and time, as 2026-03-05 14:00, or a form told by `formats`")
    }

    @Test func `has the year that is told`() {
        #expect(read("3月5日 14:00", year: 2026) == "2026-03-05T14:00:00")
        #expect(read("2月29日", year: 2024) == "2024-02-29T00:00:00")
        #expect(read("2月29日", year: 2026) == "a day that exists")
        #expect(read("2025年3月5日", year: 2026) == "2025-03-05T00:00:00")
        #expect(read("5/3 14:00", ["d/M H:mm"], year: 2026) == "2026-03-05T14:00:00")
    }

    @Test func `has the form that is told, and the first that fits`() {
        #expect(read("5/3/2026", ["d/M/yyyy"]) == "2026-03-05T00:00:00")
        #expect(read("3/5/26 7:05 pm", ["M/d/yy h:mm a"]) == "2026-03-05T19:05:00")
        #expect(read("2026-03-05", ["d/M/yyyy"]) == "a date and time, written d/M/yyyy")
        #expect(read("01/02/2026", ["dd/MM/yyyy", "MM/dd/yyyy"]) == "2026-02-01T00:00:00")
        #expect(read("01/13/2026", ["MM/dd/yyyy"]) == "2026-01-13T00:00:00")
        #expect(read("于2026年3月5日", ["'于'yyyy年M月d日"]) == "2026-03-05T00:00:00")
        #expect(read("1/2/2026", ["dd/MM/yyyy"]) == "a date and time, written dd/MM/yyyy")
    }

    @Test func `of a date alone is the time of day that is told`() {
        #expect(read("2026-03-05", at: 9 * 3600) == "2026-03-05T09:00:00")
        #expect(read("2026-03-05 00:00", at: 9 * 3600) == "2026-03-05T00:00:00")
        #expect(read("46086", ["excel"], at: 9 * 3600) == "2026-03-05T09:00:00")
    }

    @Test func `is what a spreadsheet keeps behind it`() {
        #expect(read("46086", ["excel"]) == "2026-03-05T00:00:00")
        #expect(read("46086.583333333333", ["excel"]) == "2026-03-05T14:00:00")
        #expect(read("46086.99999999", ["excel"]) == "2026-03-06T00:00:00")
        #expect(read("61", ["excel"]) == "1900-03-01T00:00:00")
        #expect(read("60", ["excel"]) == "a day that a spreadsheet counts from 1900-03-01 to 2099")
        #expect(read("73050", ["excel"]) == "2099-12-31T00:00:00")
        #expect(read("73051", ["excel"]) == "a day that a spreadsheet counts from 1900-03-01 to 2099")
        #expect(read("1e5", ["excel"]) == "a date and time, written excel")
    }

    @Test func `is seconds or milliseconds since 1970`() {
        #expect(read("1772690400", ["unix"]) == "2026-03-05T14:00:00")
        #expect(read("1772690400250", ["unix-ms"]) == "2026-03-05T14:00:00.25")
        #expect(read("99999999999", ["unix"]) == "a number that counts from 1970 to 2099")
        #expect(read("999999999999999999999", ["unix"]) == "a date and time, written unix")
    }

    @Test(arguments: ["yyyy-MM", "HH:mm", "yyyy-M-d[", "yyyy-M-d]", "yyyyy-M-d", "MMM d yyyy", "'yyyy-M-d", "q", ""])
    func `has no form that says no day, or nothing`(form: String) {
        #expect(TimeReading.Form(form) == nil)
    }
}

@Suite struct `A number in a table` {
    private func read(_ text: String, decimals: Int = 0) -> Int64? {
        do throws(ValueFault) { return try ValueReading.number(text, decimals: decimals) } catch { return nil }
    }

    @Test func `is exact, in whatever way it is written`() {
        #expect(read("12") == 12)
        #expect(read("-12") == -12)
        #expect(read("12.0") == 12)
        #expect(read("1,234,567") == 1_234_567)
        #expect(read("１２３") == 123)
        #expect(read("0.1", decimals: 2) == 10)
        #expect(read("1,234.50", decimals: 2) == 123_450)
        #expect(read("¥ 20", decimals: 2) == 2_000)
        #expect(read("￥20.5元", decimals: 2) == 2_050)
        #expect(read("RMB 3", decimals: 2) == 300)
        #expect(read("1.2", decimals: 6) == 1_200_000)
        #expect(read("0.07", decimals: 2) == 7)
        #expect(read("90071992547409.92", decimals: 2) == 9_007_199_254_740_992)
    }

    @Test(arguments: [
        "", "x", "1.5", "1,23", "1,2345", ",123", "1234,567", "1.", ".5", "--1", "1 2", "1e3", "9007199254740993",
    ])
    func `is refused where it is none, or would not be exact`(text: String) {
        #expect(read(text) == nil)
    }

    @Test func `has no more digits behind its point than there are fen`() {
        #expect(read("1.005", decimals: 2) == nil)
        #expect(read("1.0000", decimals: 2) == 100)
        #expect(read("90071992547409.93", decimals: 2) == nil)
        #expect(read(String(repeating: "9", count: 60), decimals: 6) == nil)
    }

    private func fault(_ text: String, decimals: Int) -> String? {
        do throws(ValueFault) {
            _ = try ValueReading.number(text, decimals: decimals)
            return nil
        } catch { return error.message }
    }

    @Test(arguments: ["12,50", "1.234,50", "12，50元", "1,2345"])
    func `with a comma that stands before no three digits is told how to write it`(text: String) {
        let told =
            "a comma stands before every three digits only, as in 1,234.50: write a decimal comma as a point, 12.50"
        #expect(fault(text, decimals: 2) == "an amount with at most 2 digits behind the point; " + told)
        #expect(fault(text, decimals: 0) == "a whole number; " + told)
    }

    @Test(arguments: ["1.005", "3.000", "12.500"])
    func `with three digits behind the point is refused, zeros too: it may be thousands`(text: String) {
        #expect(fault(text, decimals: 2) == "an amount with at most 2 digits behind the point")
    }

    @Test(arguments: ["1.38E+10", "1,38E+10"])
    func `whose digits a spreadsheet has dropped is told as such`(text: String) {
        #expect(fault(text, decimals: 0)?.contains("its digits are lost") == true)
    }
}

@Suite struct `A cell` {
    private func cleaned(_ text: String) -> String { CellText.cleaned(Array(text.utf8)[...]) }

    @Test func `says what stands between its blanks`() {
        #expect(cleaned("  a b\t") == "a b")
        #expect(cleaned("\u{3000}张三\u{A0}") == "张三")
        #expect(cleaned("\u{FEFF}\u{200B}x") == "x")
        #expect(cleaned(" \u{3000} ") == "")
        #expect(cleaned("") == "")
    }

    @Test func `says the text that a spreadsheet was made to keep`() {
        #expect(cleaned("=\"0571\"") == "0571")
        #expect(cleaned("'13800001111") == "13800001111")
        #expect(cleaned("'quoted'") == "'quoted'")
        #expect(cleaned("=A1") == "=A1")
        #expect(cleaned("13800001111\t") == "13800001111")
    }
}
