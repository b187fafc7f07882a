import Schema

/// Shows documents without personal data (domain rules §9.6): of a name the first character, of a phone number the
/// last two digits, of addresses and free text nothing; where the stages keep a token, nothing either.
package enum Masking {
    package static let hidden = "***"

    package static func name(_ text: String) -> String { text.first.map { "\($0)*" } ?? hidden }

    package static func phone(_ text: String) -> String {
        let digits = text.filter { $0.isASCII && $0.isNumber }
        return digits.count < 6 ? hidden : "*" + digits.suffix(2)
    }

    /// An event's document, masked by the shape of its type; nil if its type is not one of the contract, so that nobody
    /// can tell what in it is personal.
    package static func event(_ json: JSON) -> JSON? {
        guard case .object(let members) = json, let type = json["type"]?.string,
            let data = EventCatalogue.byWireName[type]
        else { return nil }
        let known = Set(Event.publishedEnvelope.map(\.name) + ["datacontenttype", "dataschema", "subject"])
        return .object(
            members.map { member in
                if member.name == "data" {
                    return JSON.Member(member.name, value(member.value, EventCatalogue.dataShape(of: data)))
                }
                return known.contains(member.name) ? member : JSON.Member(shown(member.name), .string(hidden))
            })
    }

    /// What is no event of a known type: its structure, the names that are words, and no value but true and false.
    package static func structure(_ json: JSON) -> JSON {
        switch json {
        case .object(let members):
            .object(members.map { JSON.Member(shown($0.name), structure($0.value)) })
        case .array(let elements): .array(elements.map(structure))
        case .null, .bool: json
        case .int, .double, .string: .string(hidden)
        }
    }

    /// What the shape does not know, or what has another kind than it says, is hidden: it could be anything.
    private static func value(_ json: JSON, _ shape: Shape) -> JSON {
        switch (shape, json) {
        case (.object(let fields), .object(let members)):
            return .object(
                members.map { member in
                    guard let field = fields.first(where: { $0.name == member.name }) else {
                        return JSON.Member(shown(member.name), .string(hidden))
                    }
                    let masked = field.isPersonal ? personal(member) : value(member.value, field.shape)
                    return JSON.Member(member.name, masked)
                })
        case (.array(let element, _, _), .array(let elements)): return .array(elements.map { value($0, element) })
        case (.anyObject, .object): return json
        case (.object, _), (.array, _), (.anyObject, _), (_, .object), (_, .array): return .string(hidden)
        default: return json
        }
    }

    private static func personal(_ member: JSON.Member) -> JSON {
        guard let text = member.value.string, PersonalToken(text) == nil else { return .string(hidden) }
        switch member.name {
        case "name": return .string(name(text))
        case "phone": return .string(phone(text))
        default: return .string(hidden)
        }
    }

    /// A stage's record, masked by the names of its members: shown is what is known to be harmless. No shape of records
    /// is published, and a newer release may have written this one.
    package static func record(_ json: JSON) -> JSON {
        switch json {
        case .object(let members): .object(members.map(recordMember))
        case .array(let elements): .array(elements.map(record))
        case .string(let text) where PersonalToken(text) != nil: .string(hidden)
        default: json
        }
    }

    private static func recordMember(_ member: JSON.Member) -> JSON.Member {
        switch member.name {
        case "name", "phone": JSON.Member(member.name, personal(member))
        // The key of a person; of an event it is an object.
        case "customer" where member.value.members == nil: JSON.Member(member.name, .string(hidden))
        case let name where RecordWords.harmless.contains(name) || isPeriod(name):
            JSON.Member(name, record(member.value))
        default: JSON.Member(shown(member.name), .string(hidden))
        }
    }

    /// A year, month or quarter, by which records count: `2026`, `2026-11`, `2026-Q4`.
    private static func isPeriod(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let year = parts.first, year.utf8.count == 4, Int(year) != nil else { return false }
        guard parts.count == 2, let part = parts.last else { return true }
        return part.utf8.count == 2 && (Int(part) ?? (part.first == "Q" ? Int(part.dropFirst()) : nil)) != nil
    }

    /// The name of a member that nobody knows: names are data, too, where somebody makes keys of them. A word helps to
    /// find a misspelling; anything else could be a number or a name.
    private static func shown(_ name: String) -> String {
        let isWord = name.utf8.allSatisfy { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
        return isWord && name.utf8.count <= 40 ? name : hidden
    }
}

/// What members of records are known to be harmless: those of events that are personal in no event, and the stages' own.
enum RecordWords {
    static let harmless: Set<String> = {
        var (open, personal): (Set<String>, Set<String>) = ([], ["serial"])
        func read(_ shape: Shape) {
            switch shape {
            case .object(let fields):
                for field in fields {
                    if field.isPersonal { personal.insert(field.name) } else { open.insert(field.name) }
                    read(field.shape)
                }
            case .array(let element, _, _): read(element)
            default: break
            }
        }
        for entry in EventCatalogue.entries { read(.object(entry.data.shape)) }
        return open.union(own).subtracting(personal)
    }()

    private static let own: Set<String> = [
        // Complaints and cases.
        "fingerprint", "linkedTo", "state", "isMajor", "assignedAt", "acceptances", "contacts", "isBlockSaid",
        "termEnds", "duties", "term", "open", "question", "year",
        "lookAt",
        "date", "hour", "last", "resolvedAfterClosing", "handlingSequence", "sequence", "since", "assignment",
        "respondedAt", "isResponseSaid",
        "contactedAt", "resolution", "laterResolution", "kept", "resolutionsPassed", "resolutionsTaken", "documentedAt",
        "listedAt", "salesmanContactAt", "representativeContactAt", "openRequests",
        "committedFen", "settledAt", "closings", "closesAt", "isJudged", "voidBefore", "reopenedAt", "holdings",
        "majorBy",
        "openCaseId",
        // Advances.
        "requestedFen", "disbursedFen", "recoveredFen", "writtenOffFen", "requestedBy", "requestedAt",
        "lookDelaySeconds",
        "referredTo", "owed", "step", "isOverdue", "opinion", "writeOff",
        "recovery", "partyId", "nextAt", "isBlocked",
        // Callbacks.
        "callKind", "base", "opens", "ends", "due", "isScheduled", "asked", "calls", "place", "letters", "isMissed",
        "isDissatisfied", "isCaseReopened", "numberDue", "letterDue",
        // Outlets.
        "listedSince", "running", "proposals", "effects", "lettersIssued", "isClosed", "site", "training", "unseenFrom",
        "unseenTo", "lastEvaluation", "nextEvaluation", "evaluation", "runs", "order", "lastMonthClose", "lookAgainAt",
        "missingYears", "violations", "id", "knownAt", "reporter", "verifiedAt", "countedMonth", "countedYear",
        "proposedAt", "decisionDue", "supersededBy", "hasHazard", "hasGraveHazard", "issuedAt", "appealUntil", "endsAt",
        "remaining", "failures", "stopProposalId", "isOver", "appeal", "lodgedBy", "isPending", "isPassed", "checkedAt",
        "owedIn", "judgeAt", "assessments", "failedRetests", "caller", "consecutive", "isRetest", "heldSince",
        "retestDue",
        // The second edition of the rules.
        "standingAt", "standingMonth", "judgement", "evaluations", "score", "recommendations", "derived",
        "isDerived", "weight", "gravesDueAt", "waitingGraves", "graveAttempts", "isGraveTaken", "recordedAt", "from",
        "receivedAt",
        "hazards", "correctedAt", "isNumberOwed", "medium", "incidentIds", "occurredAt", "isInARow", "recorded",
        "satisfied", "upheld", "forgotten", "isRefused", "isReplyOverdue",
        // What has left a full record.
        "counted", "byMonth", "byYear", "groups", "named", "violation", "isCounted", "alertedAt",
    ]
}
