import Schema
import Testing

@Suite struct `A telephone number` {
    @Test(arguments: [
        ("13800000000", "13800000000"),
        // The country, zeros before it and before the number.
        ("+86 138 0000 0000", "13800000000"), ("0086-13800000000", "13800000000"),
        ("(+86)138-0000-0000", "13800000000"), ("86 13800000000", "13800000000"), ("013800000000", "13800000000"),
        ("+86 (0)731 8234 5678", "73182345678"), ("0731-82345678", "73182345678"), ("0000012345", "12345"),
        // 86 is no prefix of what would be too short without it.
        ("8613800", "8613800"), ("86123456789", "86123456789"), ("861234567890", "1234567890"),
        // Digits of any script and width, and no others.
        ("１３８００００００００", "13800000000"), ("١٣٨٠٠٠٠٠٠٠٠", "13800000000"), ("१३८००००००००", "13800000000"),
        ("𝟏𝟑𝟖𝟎𝟎𝟎𝟎𝟎𝟎𝟎𝟎", "13800000000"), ("13800000000²", "13800000000"), ("1380000①000", "1380000000"),
        // What follows the first number.
        ("+8613800000000#2", "13800000000"), ("13800000000＃2", "13800000000"), ("13800000000﹟2", "13800000000"),
        ("13800000000转8001", "13800000000"), ("13800000000 分机2", "13800000000"), ("13800000000内线 2", "13800000000"),
        ("13800000000轉8001", "13800000000"), ("13800000000 分機2", "13800000000"), ("１３８００００００００內線２", "13800000000"),
        ("13800000000内線2", "13800000000"), ("13800000000內线2", "13800000000"), ("13800000000內綫2", "13800000000"),
        ("13800000000 eXt 2", "13800000000"), ("13800000000ｅｘｔ２", "13800000000"),
        ("13800000000／13911112222", "13800000000"), ("13800000000﹐13911112222", "13800000000"),
        ("13800000000︔13911112222", "13800000000"), ("13800000000﹑13911112222", "13800000000"),
        ("13800000000 ext. 2", "13800000000"), ("13800000000 ＥＸＴ2", "13800000000"), ("13800000000x2", "13800000000"),
        ("13800000000 Ｘ 2", "13800000000"), ("13800000000/13911112222", "13800000000"),
        ("13800000000，13911112222", "13800000000"), ("13800000000；13911112222", "13800000000"),
        ("13800000000、13911112222", "13800000000"), ("13800000000､13911112222", "13800000000"),
        // Marks before the first digit, of whatever kind.
        ("\u{3000}\t１３８ ００００ ００００\u{A0}", "13800000000"), ("tel. 13800000000", "13800000000"),
        ("ext/#转 13800000000", "13800000000"), ("分機 內線 轉 13800000000", "13800000000"),
        ("机线 13800000000", "13800000000"),
        ("13800000000 机 1", "138000000001"), ("13800000000 機 1", "138000000001"), ("13800000000 線 1", "138000000001"),
        // The bounds.
        ("12345", "12345"), ("123456789012345", "123456789012345"), ("000123456789012345", "123456789012345"),
    ])
    func `is known by the digits of the first number in its text`(text: String, key: String) {
        #expect(PhoneKey(text)?.digits == key)
    }

    @Test(arguments: [
        "", " ", "\u{3000}\t\u{A0}", "-", "无", "see remarks", "甲某", "1234", "0000", "00001234", "②③④⑤⑥",
        "1234567890123456", "12/3456789",
        "1#23456789", String(repeating: "1", count: 60), String(repeating: "0", count: 60),
    ])
    func `without 5 to 15 digits tells nobody apart`(text: String) {
        #expect(PhoneKey(text) == nil)
    }

    @Test func `is made of the decimal digits of every script`() {
        let wrong = (UInt32(0)...0x10FFFF).compactMap { Unicode.Scalar($0) }.filter { scalar in
            let isDecimal = scalar.properties.numericType == .decimal
            return PhoneKey.decimal(scalar) != (isDecimal ? scalar.properties.numericValue.map { UInt8($0) } : nil)
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(10))")
    }

    @Test func `of two customers without a key is never the same`() {
        let (one, other) = (Customer(name: "A", phone: "无"), Customer(name: "B", phone: "无"))
        #expect(one.comparisonKey == nil && other.comparisonKey == nil)
        let token = PersonalToken(person: 7, row: 1, index: 1)
        #expect(Customer(name: "A", phone: token.text).comparisonKey == "7")
        let keyless = PersonalToken(person: 7, row: 1, index: PersonalToken.keylessIndex)
        #expect(Customer(name: "A", phone: keyless.text).comparisonKey == nil)
    }

    @Test(arguments: [
        ("+86 138 0000 0000", "13800000000"), ("0086-13800000000", "008613800000000"),
        ("13800000000#2", "138000000002"), ("13800000000內線2", "138000000002"),
        ("１３８００００００００", ""), ("无", ""), ("86123456789", "86123456789"), ("861234567890", "1234567890"),
    ])
    func `had another key in release 0.1, which stays as it was`(text: String, digits: String) {
        #expect(FirstEditionPhoneKey.digits(of: text) == digits)
    }
}
