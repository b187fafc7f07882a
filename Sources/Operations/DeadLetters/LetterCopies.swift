import Foundation
import Runtime
import Schema
import Store

/// A dead letter as it is, for somebody with a reason to see it.
package struct UnmaskedLetter: OperationReport {
    let row: ParkedLetter

    init(_ row: ParkedLetter) {
        self.row = row
    }

    package func encode(to encoder: any Encoder) throws {
        try ExportedLetter(row, isMasked: false).encode(to: encoder)
    }

    package var text: String {
        func shown(_ bytes: [UInt8]) -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return "\(bytes.count) bytes that are no text, in base64:\n" + Data(bytes).base64EncodedString()
            }
            return TextTable.printable(text)
        }
        let letter = row.letter
        var lines = ["dead letter \(letter.id)", "properties " + shown(letter.properties)]
        lines += ["headers " + shown(letter.headers), "body, \(letter.body.count) bytes:", shown(letter.body)]
        if row.isDamaged { lines.append("It is damaged: what could not be opened is left out.") }
        return lines.joined(separator: "\n")
    }
}

/// A dead letter as a line of JSON.
struct ExportedLetter: Encodable {
    let letter: DeadLetterItem
    let exchange: String
    let routingKey: String
    let faults: [Fault]
    let properties: JSON?
    let headers: JSON?
    /// The document; masked, unless it is to be seen as it is. nil: it is no JSON.
    let body: JSON?
    /// In base64, as it is, byte for byte; nil: it is masked.
    let bytes64: String?

    init(_ row: ParkedLetter, isMasked: Bool) {
        letter = DeadLetterItem(row)
        (exchange, routingKey) = (row.letter.exchange, row.letter.routingKey)
        faults = row.letter.faults
        let properties = DeadLetterDetail.json(row.letter.properties)
        let headers = DeadLetterDetail.json(row.letter.headers)
        self.properties = isMasked ? properties.map(DeadLetterDetail.shownProperties) : properties
        self.headers = isMasked ? headers.map(DeadLetterDetail.shown) : headers
        body =
            isMasked
            ? MaskedBody(row.letter, isWanted: true).json
            : DeadLetterDetail.json(row.letter.body.withoutByteOrderMark)
        bytes64 = isMasked ? nil : Data(row.letter.body).base64EncodedString()
    }

    var bytes: [UInt8] {
        get throws { try JSONEncoding.bytes(of: self) }
    }
}
