import Schema

/// Finds every record that inputs need, in at most two rounds: what the first round brings may lead to more (a request
/// to its case).
///
/// Whoever decides asks `next`, looks for the keys that it names, notes in the set what was found, and asks again until
/// there is nothing more to look for:
///
///     var search = KeySearch([input], runner)
///     while let missing = search.next(in: set) { … }
///     let keys = search.keys(of: 0)
package struct KeySearch: Sendable {
    private let runner: StageRunner
    private var needs: [(input: Input, keys: [RecordKey])]
    private var rounds = 0

    package init(_ inputs: [Input], _ runner: StageRunner) {
        self.runner = runner
        needs = inputs.map { ($0, []) }
    }

    /// The keys, in order, of which `set` does not know yet whether they exist; nil: all that is needed is known.
    package mutating func next(in set: WorkingSet) -> [RecordKey]? {
        var missing: Set<RecordKey> = []
        for index in needs.indices {
            // Records that are not there lead no further.
            guard rounds == 0 || needs[index].keys.contains(where: { set[$0] != nil }) else { continue }
            needs[index].keys = runner.keys(for: needs[index].input, in: set)
            missing.formUnion(needs[index].keys.filter { !set.knows($0) })
        }
        rounds += 1
        return rounds > 2 || missing.isEmpty ? nil : missing.sorted()
    }

    /// What the input at `index` needs, the record that it is about first; complete once `next` has said nil.
    package func keys(of index: Int) -> [RecordKey] { needs[index].keys }
}

extension KeySearch {
    /// Where all records are in memory: what `set` does not know does not exist.
    ///
    /// - Returns: what `input` needs.
    package static func complete(_ input: Input, _ runner: StageRunner, in set: inout WorkingSet) -> [RecordKey] {
        var search = KeySearch([input], runner)
        while let missing = search.next(in: set) {
            for key in missing { set.note(key, nil) }
        }
        return search.keys(of: 0)
    }
}
