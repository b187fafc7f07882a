import Schema

/// Finds every record that inputs need, in at most two rounds: what the first round brings may lead to more (a request
/// to its case), and that to nothing further: a key that only a third round would name counts as absent.
///
/// Whoever decides asks `next`, looks for the keys that it names, notes in the set what was found, and asks again until
/// there is nothing more to look for:
///
///     var search = KeySearch([input], runner)
///     while let missing = search.next(in: set) { … }
///     let keys = search.keys(of: 0)
package struct KeySearch: Sendable {
    private struct Need {
        let input: Input
        var named: NamedKeys?
        var keys: [RecordKey] { named?.all ?? [] }
    }

    private let runner: StageRunner
    private var needs: [Need]
    private var rounds = 0
    private var asOf = 0

    package init(_ inputs: [Input], _ runner: StageRunner) {
        self.runner = runner
        needs = inputs.map { Need(input: $0) }
    }

    /// The keys, in order, of which `set` does not know yet whether they exist; nil: all that is needed is known.
    package mutating func next(in set: WorkingSet) -> [RecordKey]? {
        var missing: Set<RecordKey> = []
        for index in needs.indices {
            // Records that are not there lead no further.
            guard rounds == 0 || needs[index].keys.contains(where: { set[$0] != nil }) else { continue }
            let named = runner.keys(for: needs[index].input, known: needs[index].named, in: set)
            needs[index].named = named
            for key in named.all where !set.knows(key) { missing.insert(key) }
        }
        rounds += 1
        asOf = set.changes
        if missing.isEmpty { return nil }
        guard rounds > 2 else { return missing.sorted() }
        // Nobody has looked for these, so nothing may be written there.
        for index in needs.indices { needs[index].named = needs[index].named?.besides(missing) }
        return nil
    }

    /// What the input at `index` needs, the record that it is about first; complete once `next` has said nil.
    package func keys(of index: Int) -> [RecordKey] { needs[index].keys }

    /// The same, to be asked for again without a search.
    package func found(of index: Int) -> FoundKeys {
        FoundKeys(keys: needs[index].keys, asOf: needs[index].named?.areFinal == true ? nil : asOf)
    }
}

/// The keys of what an input needs, and how far the set had come when they were found. They follow from the input and from
/// these records alone, so they hold as long as none of them changes.
package struct FoundKeys: Sendable {
    package let keys: [RecordKey]
    /// nil: they follow from the input alone.
    fileprivate let asOf: Int?

    package func holds(in set: WorkingSet) -> Bool { asOf.map { set.isUnchanged(keys, since: $0) } ?? true }
}

extension KeySearch {
    /// Where all records are in memory: what `set` does not know does not exist, so there is nothing to search.
    ///
    /// - Returns: what `input` needs.
    package static func complete(_ input: Input, _ runner: StageRunner, in set: WorkingSet) -> FoundKeys {
        let named = runner.keys(for: input, in: set)
        return FoundKeys(keys: named.all, asOf: named.areFinal ? nil : set.changes)
    }
}
