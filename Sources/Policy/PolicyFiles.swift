/// One file of a policy folder.
package struct PolicyFile: Codable, Hashable, Sendable {
    /// Within the folder: `policy.yaml`.
    package let name: String
    package let text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// The text of the files of a policy folder, and the names by which faults call them.
///
/// Reading the files is the business of the edge: this target does no I/O.
package struct PolicyFiles: Sendable {
    package let policy: String
    package let organisation: String
    package let calendar: String
    package let policyName: String
    package let organisationName: String
    package let calendarName: String

    package init(
        policy: String,
        organisation: String,
        calendar: String,
        policyName: String = "policy.yaml",
        organisationName: String = "organisation.yaml",
        calendarName: String = "calendar.csv"
    ) {
        self.policy = policy
        self.organisation = organisation
        self.calendar = calendar
        self.policyName = policyName
        self.organisationName = organisationName
        self.calendarName = calendarName
    }

    /// Everything that decisions depend on, file by file: what a store keeps of a policy.
    package var contents: [PolicyFile] {
        [
            PolicyFile(name: "policy.yaml", text: policy), PolicyFile(name: "organisation.yaml", text: organisation),
            PolicyFile(name: "calendar.csv", text: calendar),
        ]
    }

    /// The folder again from what a store has kept.
    ///
    /// - Parameter place: what faults write before a file's name.
    package init(contents: [PolicyFile], place: String) {
        func text(_ name: String) -> String { contents.first { $0.name == name }?.text ?? "" }
        self.init(
            policy: text("policy.yaml"), organisation: text("organisation.yaml"), calendar: text("calendar.csv"),
            policyName: place + "policy.yaml", organisationName: place + "organisation.yaml",
            calendarName: place + "calendar.csv")
    }
}
