/// Lines for spreadsheets (RFC 4180).
enum CSVText {
    /// With CR LF at its end.
    static func line(_ cells: [String]) -> String { cells.map(quoted).joined(separator: ",") + "\r\n" }

    /// What a spreadsheet would take for a formula is kept a text.
    private static func quoted(_ cell: String) -> String {
        let isFormula = cell.first.map { "=+@\t".contains($0) } ?? false
        let text = isFormula ? "'" + cell : cell
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
