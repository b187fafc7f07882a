import Policy
import Schema

extension HandlingStage {
    /// Somebody has learned of a hazard (R50). New to a closed case, it reopens that as a linked complaint does which tells of
    /// it: at its last tier, from where routing takes it to headquarters.
    func take(_ declared: CrisisDeclared, in turn: inout Turn) -> Verdict {
        change(declared.caseId, by: declared.by, in: &turn) { file, turn in
            if let rejection = turn.policy.rejection(of: declared.by, .declareCrisis) { return .refused(rejection) }
            guard turn.policy.rules.isOn(.r50) else { return .applied }
            let new = file.note(hazards: declared.hazards)
            guard !new.isEmpty, file.isClosed, let tier = file.tier else { return .applied }
            file.reopen(
                turn.openCase(of: declared.caseId), at: tier, rule: "R50",
                facts: ["declared": .array(new.map { .string($0) }), "closing": .int(Int64(file.closings))], in: &turn)
            return .applied
        }
    }
}
