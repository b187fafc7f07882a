import Broker
import Schema
import Store

/// What a broker says of the installation that it belongs to.
package enum BrokerSign: Sendable, Hashable {
    /// It belongs to none.
    case none
    /// It names the installation of the store.
    case same
    /// It belongs to others; empty where their ids could not be read, since AMQP does not list exchanges.
    case others([String])
    /// It does not let this program see it.
    case hidden(cause: String)
}

/// Whether a program may write to a store, or make one, beside this broker. Pure.
///
/// An installation is new only where neither store nor broker know of one.
package enum InstallationDecision: Sendable, Hashable {
    /// Both say the same, or what is not seen gives no reason to stop.
    case proceed(warning: String?)
    /// The store has an id, the broker none.
    case tellBroker(id: String)
    /// The store has content of a release that knew no ids.
    case name
    /// There is nothing.
    case make
    case refuse(cause: String)

    /// - Parameters:
    ///   - isEmpty: there is no store at all.
    ///   - place: the store, for people: without secrets.
    package init(_ reading: InstallationReading, isEmpty: Bool, broker: BrokerSign, place: String) {
        switch (reading, broker) {
        case (.hidden, _):
            self = .proceed(
                warning: "the role may not see the installation's id in \(place); grant it USAGE on the schema, "
                    + "SELECT on its tables")
        case (.record, .same): self = .proceed(warning: nil)
        case (.record(let record), .none): self = .tellBroker(id: record.id)
        case (.record(let record), .others(let ids)):
            self = .refuse(
                cause: "\(place) is the store of installation \(record.id), the broker belongs to "
                    + "\(Self.named(ids)); correct RECOURSE_DATABASE_URL or RECOURSE_AMQP_URL")
        case (.record, .hidden(let cause)): self = .proceed(warning: Self.unseen(cause))
        case (.none, .none), (.none, .same): self = isEmpty ? .make : .name
        case (.none, .others(let ids)):
            let found = isEmpty ? "there is no store in \(place)" : "\(place) has no installation's id"
            self = .refuse(
                cause: "\(found), and the broker belongs to \(Self.named(ids)): correct RECOURSE_DATABASE_URL, or "
                    + "bring the store back; if this is to be its store: recourse store init --installation "
                    + (ids.first ?? "ID"))
        case (.none, .hidden(let cause)):
            self =
                isEmpty
                ? .refuse(cause: "there is no store in \(place), and \(Self.unseen(cause)); or recourse store init")
                : .name
        }
    }

    private static func named(_ ids: [String]) -> String {
        switch ids.count {
        case 0: "another installation (recourse store show names it, with RECOURSE_MANAGEMENT_URL)"
        case 1: "installation \(ids[0])"
        default: "installations " + ids.joined(separator: ", ")
        }
    }

    private static func unseen(_ cause: String) -> String {
        "it cannot be seen whether the broker belongs to an installation (\(cause)); give the user what recourse topology "
            + "permissions prints"
    }
}
