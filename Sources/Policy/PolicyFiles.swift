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
    /// A file of the folder `letters`.
    package struct Letter: Sendable {
        /// `warning.zh.txt`
        package let name: String
        /// By which faults call it.
        package let path: String
        package let text: String

        package init(name: String, path: String? = nil, text: String) {
            self.name = name
            self.path = path ?? "letters/\(name)"
            self.text = text
        }
    }

    package let policy: String
    package let organisation: String
    package let calendar: String
    /// Those that are there, in the order in which their faults are told.
    package let letters: [Letter]
    package let policyName: String
    package let organisationName: String
    package let calendarName: String

    package init(
        policy: String,
        organisation: String,
        calendar: String,
        letters: [Letter] = [],
        policyName: String = "policy.yaml",
        organisationName: String = "organisation.yaml",
        calendarName: String = "calendar.csv"
    ) {
        self.policy = policy
        self.organisation = organisation
        self.calendar = calendar
        self.letters = letters
        self.policyName = policyName
        self.organisationName = organisationName
        self.calendarName = calendarName
    }

    private static let letterFolder = "letters/"

    /// Everything that decisions depend on, file by file: what a store keeps of a policy.
    package var contents: [PolicyFile] {
        [
            PolicyFile(name: "policy.yaml", text: policy), PolicyFile(name: "organisation.yaml", text: organisation),
            PolicyFile(name: "calendar.csv", text: calendar),
        ] + letters.map { PolicyFile(name: Self.letterFolder + $0.name, text: $0.text) }
    }

    /// The folder again from what a store has kept.
    ///
    /// - Parameter place: what faults write before a file's name.
    package init(contents: [PolicyFile], place: String) {
        func text(_ name: String) -> String { contents.first { $0.name == name }?.text ?? "" }
        let letters = contents.filter { $0.name.hasPrefix(Self.letterFolder) }.map { file in
            Letter(
                name: String(file.name.dropFirst(Self.letterFolder.count)), path: place + file.name, text: file.text)
        }
        self.init(
            policy: text("policy.yaml"), organisation: text("organisation.yaml"), calendar: text("calendar.csv"),
            letters: letters, policyName: place + "policy.yaml", organisationName: place + "organisation.yaml",
            calendarName: place + "calendar.csv")
    }
}
