import Store

/// What went wrong on a connection.
struct PostgresError: Error {
    enum Kind: Equatable {
        /// The server refused a statement; the code is SQLSTATE. The connection can go on after a rollback.
        case refused(String)
        /// The connection is gone, or was never there.
        case lost
        /// No answer in time; the connection is given up.
        case silent
    }

    let kind: Kind
    /// The server's or libpq's words; no values.
    let message: String
    var constraint: String?

    /// The server has taken the transaction back because of others: the same again may succeed at once.
    var isConflict: Bool {
        switch kind {
        case .refused("40001"), .refused("40P01"), .refused(PostgresTransaction.disturbed): true
        case .refused("23505"): constraint == StageSchema.recordConstraint
        case .refused, .lost, .silent: false
        }
    }

    var isLost: Bool {
        switch kind {
        case .lost, .silent: true
        case .refused(let state): state.hasPrefix("08") || state.hasPrefix("57P") || state == "25P03"
        }
    }
}

/// What was going on where, for texts that people read.
struct DatabaseOperation: Sendable {
    let verb: String
    /// `recourse_intake in database recourse at db.example:5432`.
    let place: String

    func failure(_ kind: StoreFailure.Kind, _ cause: String) -> StoreFailure {
        StoreFailure(kind, operation: "\(verb) \(place)", cause: cause)
    }

    /// Turns what the server or libpq said into the store's words. Never quotes statements or values.
    func failure(_ error: PostgresError) -> StoreFailure {
        switch error.kind {
        case .lost: failure(.transient, "the connection is lost (\(error.message))")
        case .silent: failure(.transient, error.message)
        case .refused(let state): failure(refused: state, error)
        }
    }

    /// Error classes of PostgreSQL's documentation, appendix A.
    private func failure(refused state: String, _ error: PostgresError) -> StoreFailure {
        let said = "PostgreSQL \(state): \(error.message)"
        switch state {
        case "23505" where error.constraint == StageSchema.claimConstraint:
            return .claimed
        case "23505" where error.constraint == WaitingSchema.claimConstraint:
            return .held
        case "23505" where error.constraint == StageSchema.recordConstraint,
            "40001", "40P01", PostgresTransaction.disturbed, "55P03", "55006", "57014":
            return failure(.transient, "another transaction is in the way (\(said))")
        case "25006":
            return failure(.unavailable, "the server takes no writes, as a standby does (\(said)); name the primary")
        case "42501":
            return failure(.unavailable, "the role lacks a right (\(said)); grant it")
        case "53300":
            return failure(.unavailable, "the server has no connection left (\(said)); raise max_connections")
        case SchemaHistory.tooNew:
            return failure(.unavailable, "\(error.message); use a newer program")
        case "53100":
            return failure(.unavailable, "the server's disk is full (\(said)); free space on its volume")
        case "XX001", "XX002":
            return failure(.damaged, "the server's files are damaged (\(said)); restore them from a copy")
        default: break
        }
        if error.isLost { return failure(.transient, "the connection is lost (\(said))") }
        switch state.prefix(2) {
        case "28", "3D", "53", "57", "58", "F0": return failure(.unavailable, "the server cannot serve (\(said))")
        // Of the statements, which are ours, not of what they carry.
        case "0A", "26", "2B", "34", "3F", "42", "55":
            return failure(
                .unavailable, "the tables are not those that this version needs (\(said)); restore them from a copy")
        // What they carry (21, 22, 23, 54), and what is not known here.
        default: return failure(.corrupt, "the data are not what this version writes (\(said))")
        }
    }
}
