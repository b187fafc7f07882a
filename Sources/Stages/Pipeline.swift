/// The stages of the pipeline; the one list from which topology, workers, `simulate` and the audit follow.
package enum Pipeline {
    package static let stages: [any Stage] = [
        IntakeStage(), RoutingStage(), HandlingStage(), CallbackStage(), PenaltyStage(), ReportsStage(),
    ]
}
