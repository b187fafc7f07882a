/// Texts and what they are compared by, for those who compare them too.
enum ComparisonVectors {
    private static let phones = [
        "13800000000", "+86 138 0000 0000", "0086-13800000000", "(+86)138-0000-0000", "86 13800000000", "013800000000",
        "+8613800000000#2", "１３８００００００００", "١٣٨٠٠٠٠٠٠٠٠", "13800000000 ＥＸＴ．2", "13800000000转8001", "13800000000分机2",
        "13800000000轉8001", "13800000000分機2", "13800000000内线2", "13800000000內線2", "13800000000／13911112222",
        "13800000000/13911112222", "13800000000；13911112222", "tel. 13800000000", "0731-82345678", "010 12345", "12345",
        "1234", "0000012345", "8613800", "861380000000", "123456789012345", "1234567890123456", "无", "see remarks",
        "②③④⑤⑥",
    ]
    private static let matters = [
        "Café", "Cafe\u{301}", "CAFÉ", "  Haier \u{3000} Group\t", "Ｈａｉｅｒ", "Straße", "STRASSE", "ΣΊΣΥΦΟΣ", "ﬁne", "格力",
        "Ⅳ",
    ]

    static var phoneKeys: JSON {
        .array(phones.map { ["text": .string($0), "key": PhoneKey($0).map { .string($0.digits) } ?? .null] })
    }

    static var matterKeys: JSON {
        .array(matters.map { ["text": .string($0), "key": .string(MatterKey($0).text)] })
    }
}
