/// Ids as a log may show them, alone or in a text. Ids of upstream may hold anything, a customer's number too.
enum LoggedId {
    /// Of a row of nine digits or more, with single marks between them, the first three; of an UUID all. A date has eight.
    static func text(_ text: String) -> String {
        text.replacing(/[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\p{Nd}(?:[ .()\/-]{0,2}\p{Nd}){8,}/) {
            found in
            found.output.contains(where: \.isLetter) || found.output.utf8.count == 36 && found.output.contains("-")
                ? String(found.output) : found.output.filter(\.isNumber).prefix(3) + "***"
        }
    }
}
