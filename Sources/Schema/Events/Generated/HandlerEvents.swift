// Written by scripts/generate_events.py from HandlerEvents.contract; to change it, change that.

/// `contact.recorded`: A handler has spoken with somebody about the case (R06, R24, R43).
/// Who may (R48): a person of a store of the case's complaints, of their regions, or of headquarters.
package struct ContactRecorded: EventData {
    package static let type = EventType("contact.recorded")

    package enum Party: String, ContractPart, CaseIterable {
        case customer
        case factorySalesman = "factory-salesman"
        case brandRepresentative = "brand-representative"
        case supervisor
    }

    package var caseId: String
    /// Who was spoken with.
    package var with: Party
    package var by: Person
    package var at: Instant
    /// What was said, in words.
    package var note: String?

    package init(
        caseId: String, with: Party, by: Person, at: Instant, note: String? = nil
    ) {
        self.caseId = caseId
        self.with = with
        self.by = by
        self.at = at
        self.note = note
    }

    package var ruleTime: Instant? { at }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required("with", .names(Party.self), says: "Who was spoken with."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("at", .time, says: "When it happened; at most 5 minutes ahead of the business clock."),
        .optional("note", .text(min: 0, max: 2000), personal: true, says: "What was said, in words."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        with = try members.required("with", in: tape)
        by = try members.required("by", in: tape)
        at = try members.required("at", in: tape)
        note = try members.optional("note", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("with", with)
        writer.member("by", by)
        writer.member("at", at)
        writer.member("note", note)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        note = note.replaced(replacement)
    }
}

/// `case.resolved`: A handler has found the solution; it still has to be told and filed (R24, R36).
/// Who may (R48): a person of the place that holds the case, or above.
package struct CaseResolved: EventData {
    package static let type = EventType("case.resolved")

    /// Whose fault it was.
    package enum Liability: String, ContractPart, CaseIterable {
        case manufacturer
        case outlet
        case ownPost = "own-post"
        case customer
        case nobody = "none"
    }

    package var caseId: String
    package var by: Person
    /// When it was resolved; who held the case then may say so (R48).
    package var resolvedAt: Instant
    /// How it was resolved, in words.
    package var solution: String
    /// Whose fault it was.
    package var liability: Liability
    /// Who is liable, as the handler knows it: an id or a name.
    package var liableParty: String?
    /// Numbers or names of the documents filed; empty: none yet.
    package var documents: [String]

    package init(
        caseId: String, by: Person, resolvedAt: Instant, solution: String, liability: Liability,
        liableParty: String? = nil, documents: [String]
    ) {
        self.caseId = caseId
        self.by = by
        self.resolvedAt = resolvedAt
        self.solution = solution
        self.liability = liability
        self.liableParty = liableParty
        self.documents = documents
    }

    package var ruleTime: Instant? { resolvedAt }
    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required("resolvedAt", .time, says: "When it was resolved; who held the case then may say so (R48)."),
        .required("solution", .text(min: 1, max: 4000), personal: true, says: "How it was resolved, in words."),
        .required("liability", .names(Liability.self), says: "Whose fault it was."),
        .optional(
            "liableParty", .text(min: 1, max: 200), personal: true,
            says: "Who is liable, as the handler knows it: an id or a name."),
        .required(
            "documents", .array(.text(min: 1, max: 200), min: 0, max: 200),
            says: "Numbers or names of the documents filed; empty: none yet."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        by = try members.required("by", in: tape)
        resolvedAt = try members.required("resolvedAt", in: tape)
        solution = try members.required("solution", in: tape)
        liability = try members.required("liability", in: tape)
        liableParty = try members.optional("liableParty", in: tape)
        documents = try members.required("documents", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("by", by)
        writer.member("resolvedAt", resolvedAt)
        writer.member("solution", solution)
        writer.member("liability", liability)
        writer.member("liableParty", liableParty)
        writer.member("documents", documents)
        writer.end()
    }

    package mutating func replaceTexts(_ replacement: (String) -> String) {
        solution = solution.replaced(replacement)
        liableParty = liableParty.replaced(replacement)
    }
}

/// `documents.archived`: Documents of the case have been filed (R36).
/// Who may (R48): a person of the case's store, of its region, or of headquarters.
package struct DocumentsArchived: EventData {
    package static let type = EventType("documents.archived")

    package var caseId: String
    package var by: Person
    /// Numbers or names of the documents filed, besides those that are known.
    package var documents: [String]

    package init(
        caseId: String, by: Person, documents: [String]
    ) {
        self.caseId = caseId
        self.by = by
        self.documents = documents
    }

    package var correlation: String? { caseId }

    package static let shape: [Shape.Field] = [
        .required(
            "caseId", .id,
            says: "The case: uuid5 over `case`, the complaint's source and its complaintId (`ids.json`)."),
        .required(
            "by", Person.shape,
            says: "Who says so; he must be among the people of his place, if the organisation file lists any."),
        .required(
            "documents", .array(.text(min: 1, max: 200), min: 0, max: 200),
            says: "Numbers or names of the documents filed, besides those that are known."),
    ]

    package init(reading place: Int, in tape: borrowing JSONTape) throws {
        var members = try MemberPlaces(of: place, in: tape)
        caseId = try members.required("caseId", in: tape)
        by = try members.required("by", in: tape)
        documents = try members.required("documents", in: tape)
    }

    package func write(to writer: inout JSONWriter) {
        writer.begin()
        writer.member("caseId", caseId)
        writer.member("by", by)
        writer.member("documents", documents)
        writer.end()
    }
}
