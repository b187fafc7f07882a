/// An id as a log may show it. Ids of upstream may hold anything, a customer's number too.
enum LoggedId {
    /// So many digits in a row may be a number by which somebody is called (`PhoneKey` takes five, but so short ones are
    /// everywhere in ids).
    private static let longest = 7
    private static let shown = 3
    private static let hidden = "***"

    /// Of a longer row of digits, whatever stands between them, the first three; an UUID as it is.
    static func text(_ id: String) -> String {
        if id.wholeMatch(of: /[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/) != nil { return id }
        var (text, run, digits) = ("", "", 0)
        func told() -> String {
            guard digits > longest else { return run }
            var left = shown
            let start = run.prefix { character in
                if character.isNumber { left -= 1 }
                return left >= 0
            }
            return start + hidden
        }
        for character in id {
            if character.isNumber {
                digits += 1
                run.append(character)
            } else if digits > 0, !character.isLetter {
                run.append(character)
            } else {
                text += told()
                (run, digits) = ("", 0)
                text.append(character)
            }
        }
        return text + told()
    }
}
