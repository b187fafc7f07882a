import Schema

/// What an operators' verb has found: a plain value that prints as text for people, or as JSON for programs.
///
/// The members of the JSON come in the order of declaration, so the same result gives the same bytes.
package protocol OperationReport: Encodable, Sendable {
    /// For a terminal, without colours, without a line feed at its end.
    var text: String { get }
    /// 0: all is well. 1: something is wrong that the text tells.
    var exitCode: Int32 { get }
}

extension OperationReport {
    package var exitCode: Int32 { 0 }

    /// One line of JSON, without a line feed at its end.
    package func json() throws -> String { String(decoding: try JSONEncoding.bytes(of: self), as: UTF8.self) }
}

/// One counted thing of a report.
package struct Figure: Sendable, Hashable, Codable {
    package let name: String
    package let value: Int

    package init(_ name: String, _ value: Int) {
        self.name = name
        self.value = value
    }
}
