import Schema
import Stages

/// One program under all names: called as `recourse-intake` it is that worker, else the command line. So a package holds
/// the runtime once, and links with the workers' names lead to it.
package enum CalledProgram {
    /// Runs what the process was called as, to its end.
    package static func main() async {
        let names = Pipeline.stages.map { type(of: $0).name.rawValue }
        switch role(calledAs: CommandLine.arguments.first ?? "", workers: names + [parking]) {
        case parking?: await WorkerProgram.mainOfParking()
        case let name?:
            for stage in Pipeline.stages where type(of: stage).name.rawValue == name { await WorkerProgram.main(stage) }
        case nil: await RecourseCommand.start()
        }
    }

    private static let parking = "parking"

    /// The worker that a program's path names; nil: none.
    static func role(calledAs path: String, workers: [String]) -> String? {
        let name = path.split(separator: "/").last ?? ""
        return workers.first { name == "recourse-" + $0 }
    }
}
