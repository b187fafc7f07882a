/// One numbered step of a database's schema. Never changed once released.
package struct SchemaStep: Sendable {
    package let statements: [String]
    /// The oldest program that can still work on the schema after this step, told by how many steps it knows.
    package let oldestProgram: Int

    /// A step that only adds – tables, columns with a default, indexes – leaves the programs before it at work, so it
    /// names the `oldestProgram` of the step before it. A step that changes or takes away what they use names itself.
    package init(oldestProgram: Int, _ statements: [String]) {
        self.oldestProgram = oldestProgram
        self.statements = statements
    }
}

/// How far a database's schema has come.
package struct SchemaState: Sendable, Equatable {
    /// The number of the last step done; 0: none.
    package var version: Int
    /// The oldest program that can work on it.
    package var oldestProgram: Int

    package init(version: Int, oldestProgram: Int) {
        self.version = version
        self.oldestProgram = oldestProgram
    }
}

/// All steps that a program knows, the first one first; and whether it can work on what it finds.
///
/// The database keeps with each step which programs can live with it. So a program of the release before goes on beside
/// one of the next, and may be started again, until a step says otherwise (`docs/decisions/0010`).
package struct SchemaSteps: Sendable {
    package let steps: [SchemaStep]

    package init(_ steps: [SchemaStep]) {
        self.steps = steps
    }

    package var version: Int { steps.count }

    /// The steps that are still to be done.
    ///
    /// - Throws: `SchemaTooNew`.
    package func missing(from found: SchemaState) throws(SchemaTooNew) -> ArraySlice<SchemaStep> {
        guard found.oldestProgram <= version else {
            throw SchemaTooNew(found: found.version, oldestProgram: found.oldestProgram, known: version)
        }
        return steps.dropFirst(found.version)
    }
}

/// A newer program has changed the schema in a way that this one cannot live with.
package struct SchemaTooNew: Error, Sendable, CustomStringConvertible {
    package let found: Int
    package let oldestProgram: Int
    package let known: Int

    package var description: String {
        "its schema has version \(found), which takes a program that knows version \(oldestProgram); this program knows "
            + "up to \(known); use a newer program"
    }
}
