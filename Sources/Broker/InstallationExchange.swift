/// The exchanges by which a broker says to which installation it belongs.
///
/// AMQP cannot list exchanges, so there are two: one of a fixed name says that there is an installation, the other names it.
package enum InstallationExchange {
    /// There is an installation.
    package static let mark = "recourse.installation"

    package static func name(of id: String) -> String { mark + "." + id }

    package static func isOne(_ name: String) -> Bool { name == mark || name.hasPrefix(mark + ".") }

    /// The id in an exchange's name; nil: it names none.
    package static func id(in name: String) -> String? {
        name.hasPrefix(mark + ".") ? String(name.dropFirst(mark.count + 1)) : nil
    }
}
